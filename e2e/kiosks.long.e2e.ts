/** The kiosks that there are, on real VMs: each waits with its own program, and does what it is for when it is asked for. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { stringify } from "yaml";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { VmView } from "#shared/model/vm.ts";
import { changedPixels, TestDesktop } from "./support/desktop.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";
import { TestInternet } from "./support/test-internet.ts";

test.skip(process.getuid?.() !== 0, "the test internet is made by root");

/** An emulated VM boots and starts its program, after its template has been built. */
const READY = { timeout: 600_000, intervals: [2_000] };

interface Started {
  vm: string;
  windowId: string;
  origin: string;
}

let internet: TestInternet;
let desktop: TestDesktop;

test.beforeAll(async () => {
  test.setTimeout(1_200_000);
  internet = await TestInternet.open();
  desktop = await TestDesktop.open({ web: "coral" }, prepare, internet);
  for (const template of ["debian-kiosk", "debian-web"]) {
    const built = await desktop.atoll("template", "build", template);
    expect(built, built.stderr).toMatchObject({ code: 0 });
  }
});

test.afterAll(async () => {
  await desktop.close();
  await internet.close();
});

function prepare(home: string): void {
  changeDefinition(home, "web", { network: "firewall" });
  writePolicy(home, [{ action: "net.connect", from: "web", to: "good.example", decision: "allow" }]);
}

/** Resolves when this one waits, and no other one. */
async function isReady(name: string): Promise<void> {
  const others = ["browser", "player", "remote"].filter((other) => other !== name);
  const none = { title: "None", kind: "other", template: "none", program: ["none"] };
  const own = others.map((other) => ({ ...none, name: other }));
  fs.writeFileSync(
    path.join(desktop.home, "config/settings.yaml"),
    stringify({ kiosks: { memoryMiB: name === "browser" ? 1536 : 768, own } }),
  );
  const state = async (): Promise<string | undefined> => {
    const kiosks = await desktop.json<KioskView[]>("kiosk", "list");
    return kiosks.find((kiosk) => kiosk.name === name)?.state;
  };
  await expect.poll(state, READY).toBe("ready");
}

async function started(name: string, ...args: string[]): Promise<Started> {
  const result = await desktop.json<Started>("disposable", "start", "--kiosk", name, "--", ...args);
  expect(result).toMatchObject({ origin: "ready" });
  return result;
}

async function titles(vm: string): Promise<string[]> {
  return (await desktop.windows()).filter((window) => window.vm === vm).map(({ title }) => title);
}

async function vmNamed(name: string): Promise<VmView | undefined> {
  return (await desktop.vms()).find((vm) => vm.name === name);
}

test("the media player plays, without a network, and says that it has no sound", async () => {
  test.setTimeout(900_000);
  await isReady("player");
  const { vm, windowId } = await started("player", "av://lavfi:testsrc=size=320x240:rate=10");
  await expect.poll(() => titles(vm)).toEqual([expect.stringContaining("no sound yet")]);
  expect(await vmNamed(vm)).toMatchObject({ network: "none", label: "slate" });
  const before = await desktop.picture(windowId);
  await expect(async () => {
    expect(changedPixels(before, await desktop.picture(windowId))).toBeGreaterThan(100);
  }).toPass({ timeout: 60_000 });
  await desktop.json("vm", "kill", vm);
});
