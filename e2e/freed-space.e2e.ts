/** What a guest deletes is free on the host again. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";

/** What the guest writes and deletes. */
const MIB = 200;
/** What a guest at rest may write meanwhile, and file system structures that stay. */
const SLACK_MIB = 30;

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  await desktop.close();
});

test("a VM's disk shrinks by what the guest deletes", async () => {
  const vm = (await desktop.vms()).find(({ name }) => name === "home");
  const disk = path.join(desktop.home, "state/vms", vm?.id ?? "", "disk.qcow2");
  const usedMiB = (): number => (fs.statSync(disk).blocks * 512) / 1024 / 1024;
  const run = (command: string) => desktop.atoll("exec", "home", "--", "sh", "-c", command);

  const before = usedMiB();
  expect(await run(`head -c ${MIB}M /dev/urandom >big && sync`)).toMatchObject({ code: 0 });
  await expect.poll(usedMiB).toBeGreaterThan(before + MIB - SLACK_MIB);
  expect(await run("rm big && sync")).toMatchObject({ code: 0 });
  await expect.poll(usedMiB).toBeLessThan(before + SLACK_MIB);

  // Zeros take no room either.
  expect(await run(`head -c ${MIB}M /dev/zero >zeros && sync`)).toMatchObject({ code: 0 });
  expect(usedMiB()).toBeLessThan(before + SLACK_MIB);
});
