/** A host's disk that is full stops the VM that wants to write, says so, and loses nothing. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { TestDesktop } from "./support/desktop.ts";

const SMALL = "48m";
const LARGE = "400m";
/** What the guest writes: more than the small disk holds. */
const MIB = 100;

test.skip(process.getuid?.() !== 0, "only root can make a small disk (mount)");

let desktop: TestDesktop;

const state = (home: string): string => path.join(home, "state");

test.beforeAll(async () => {
  desktop = await TestDesktop.open(undefined, (home) => {
    fs.mkdirSync(state(home));
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SMALL},mode=0700`, "tmpfs", state(home)]);
  });
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  await desktop.close(() => execFileSync("umount", ["--lazy", state(desktop.home)]));
});

const view = async (): Promise<VmView | undefined> => (await desktop.vms()).find(({ name }) => name === "home");

test("a guest that writes onto a full disk is paused with the reason, and goes on when there is room", async () => {
  const written = desktop.atoll("exec", "home", "--", "sh", "-c", `yes | head -c ${MIB}M > big && sync && echo whole`);
  await expect.poll(view).toMatchObject({ state: "paused", stateReason: "no-space" });

  // Without more room it does not get far.
  const again = await desktop.atoll("vm", "resume", "home", "--wait", "20", "--json");
  if (again.code !== 0) expect(JSON.parse(again.stderr)).toMatchObject({ error: { details: { state: "paused" } } });
  await expect.poll(view).toMatchObject({ state: "paused", stateReason: "no-space" });

  // A VM without a disk cannot get one.
  await desktop.json("vm", "create", "more", "--label", "rose");
  const started = await desktop.atoll("vm", "start", "more", "--json");
  expect(started.code).toBe(1);
  expect(JSON.parse(started.stderr)).toMatchObject({ error: { code: "hardware.no-space" } });
  expect((await desktop.vms()).find(({ name }) => name === "more")).toMatchObject({
    state: "stopped",
    stateReason: "no-space",
  });

  execFileSync("mount", ["-o", `remount,size=${LARGE}`, state(desktop.home)]);
  await desktop.json("vm", "resume", "home", "--wait");
  expect(await written).toMatchObject({ code: 0, stdout: "whole\n" });
  expect((await desktop.atoll("exec", "home", "--", "wc", "-c", "big")).stdout).toBe(`${MIB * 1024 * 1024} big\n`);
  await desktop.json("vm", "start", "more", "--wait");
});
