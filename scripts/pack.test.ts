import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "atoll-pack-"))));
afterEach(() => rmSync(folder, { recursive: true }));

it("the atoll command of a package runs its executable as Node, through a symbolic link, with its words as they are", () => {
  const packed = join(folder, "linux unpacked");
  mkdirSync(packed);
  copyFileSync(join(import.meta.dirname, "../bin/atoll-packed"), join(packed, "atoll"));
  writeFileSync(join(packed, "atoll-desktop"), '#!/bin/sh\nprintf "%s\\n" "$ELECTRON_RUN_AS_NODE" "$@"\nexit 3\n');
  chmodSync(join(packed, "atoll-desktop"), 0o755);
  symlinkSync(join(packed, "atoll"), join(folder, "atoll"));

  const { stdout, status } = spawnSync(join(folder, "atoll"), ["exec", "home", "--", "echo", "a  b", ""], {
    encoding: "utf8",
  });
  const cli = join(packed, "resources/app.asar/out/main/cli.js");
  expect(stdout.split("\n")).toEqual(["1", cli, "exec", "home", "--", "echo", "a  b", "", ""]);
  expect(status).toBe(3);
});
