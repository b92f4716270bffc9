/** A link's memory for objects is limited: a guest that finds a way to fill it ends its own link, and main goes on. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";
import { scriptedVm } from "./support/scripted-vm.ts";

let desktop: TestDesktop;
let agent: ScriptedAgent | null = null;

test.beforeAll(async () => void (desktop = await TestDesktop.open({})));
test.afterAll(async () => {
  agent?.close();
  await desktop.close();
});

test("a link's heap is limited, by the flag that its process was started with", async () => {
  agent = await scriptedVm(desktop, "limited", "sand");
  const probe = path.join(desktop.home, "heap.cjs");
  fs.writeFileSync(
    probe,
    `process.parentPort.postMessage(require("node:v8").getHeapStatistics().heap_size_limit / 1024 / 1024);`,
  );
  const pid = await desktop.electron.evaluate(
    ({ app }) => app.getAppMetrics().find(({ name }) => name?.startsWith("atoll-link-"))?.pid,
  );
  // Chromium joins the words of a child's command line with spaces.
  const execArgv = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").match(/--js-flags=[^\0\s]+/gu) ?? [];
  const limitMiB = await desktop.electron.evaluate(
    ({ utilityProcess }, [file, ...given]) =>
      new Promise<number>((resolve) => {
        utilityProcess.fork(file ?? "", [], { execArgv: given }).once("message", resolve);
      }),
    [probe, ...execArgv],
  );
  // What is limited is the old generation; the young one comes on top of it.
  expect(limitMiB).toBeGreaterThan(200);
  expect(limitMiB).toBeLessThan(320);
});

test("what nobody has caught in main is in the log, and main goes on", async () => {
  await desktop.electron.evaluate(() => {
    setImmediate(() => {
      throw new Error("thrown on purpose");
    });
    void Promise.reject(new Error("rejected on purpose"));
  });
  await expect.poll(() => desktop.log()).toContain("main: Error: thrown on purpose");
  await expect.poll(() => desktop.log()).toContain("main: Error: rejected on purpose");
  expect((await desktop.vms()).map(({ name }) => name)).toContain("limited");
});
