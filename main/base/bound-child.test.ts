import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { boundToUs } from "./bound-child.ts";

it("a child ends with a process that is killed", async () => {
  const [command, args] = boundToUs("TERM", "sh", ["-c", "echo $$; exec sleep 60"]);
  const starts = `require("node:child_process").spawn(${JSON.stringify(command)}, ${JSON.stringify(args)},
    { stdio: ["ignore", "inherit", "ignore"] })`;
  const parent = spawn(process.execPath, ["--eval", starts], { stdio: ["ignore", "pipe", "ignore"] });
  const [pid] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
  expect(Number(pid)).toBeGreaterThan(0);
  parent.kill("SIGKILL");
  // "close" comes when neither holds the pipe open any more: a child that went on would keep it so for a minute.
  expect(await once(parent, "close")).toEqual([null, "SIGKILL"]);
});
