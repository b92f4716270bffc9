import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { isReplaced } from "./replaced-program.ts";

it("a program is replaced when another file has taken its place, and not while it is only there twice", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-replaced-"));
  const [program, next] = [path.join(folder, "program"), path.join(folder, "next")];
  for (const file of [program, next]) fs.copyFileSync(fs.realpathSync("/bin/sleep"), file);
  const child = spawn(program, ["600"]);
  try {
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    const exe = `/proc/${child.pid}/exe`;
    expect(isReplaced(exe)).toBe(false);
    fs.linkSync(program, path.join(folder, "backup"));
    expect(isReplaced(exe)).toBe(false);
    // As dpkg does.
    fs.renameSync(next, program);
    expect(isReplaced(exe)).toBe(true);
    expect(isReplaced()).toBe(false);
    expect(isReplaced("/proc/none")).toBe(false);
  } finally {
    child.kill("SIGKILL");
    fs.rmSync(folder, { recursive: true });
  }
});
