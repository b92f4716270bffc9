import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { boundToUs } from "./bound-child.ts";
import { BASH, withoutInherited } from "./close-inherited.ts";

let left: number[];

// In the place of what Chromium leaves open: Node itself closes all others when it starts a program.
beforeEach(() => void (left = Array.from({ length: 12 }, () => fs.openSync("/dev/null", "r"))));
afterEach(() => left.forEach((fd) => fs.closeSync(fd)));

/** Which of the descriptors 0, 1, ... the program has. */
async function descriptors([command, args]: [string, string[]]): Promise<string[]> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit", ...left] });
  return (await text(child.stdout ?? expect.unreachable())).trim().split(/\s+/);
}

const LIST = ["/bin/bash", "-c", "for fd in {0..14}; do [[ -e /proc/$$/fd/$fd ]] && echo $fd; done"];

it("a program has those that it is meant to have, and no other", async () => {
  const [command = "", ...args] = LIST;
  expect(await descriptors([command, args])).toHaveLength(15);
  expect(await descriptors(withoutInherited([4], LIST))).toEqual(["0", "1", "2", "4"]);
  expect(await descriptors(boundToUs("KILL", command, args))).toEqual(["0", "1", "2"]);
});

it("a program's start runs nothing of the person's .bashrc, where its standard input is a socket", async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-home-"));
  fs.writeFileSync(path.join(home, ".bashrc"), "echo from .bashrc\n");
  const printed = async (command: string, args: readonly string[]): Promise<string> => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { HOME: home } });
    child.stdin.end();
    return text(child.stdout);
  };
  try {
    const [bash, ...options] = BASH;
    expect(await printed(bash, [...options, "echo done"])).toBe("done\n");
    expect(await printed(...withoutInherited([], ["echo", "done"]))).toBe("done\n");
  } finally {
    fs.rmSync(home, { recursive: true });
  }
});
