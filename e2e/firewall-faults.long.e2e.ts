/**
 * Faults while a VM loads something through the firewall and another program of it tries what the policy forbids: the firewall's VM,
 * its program and the application are killed. Not one forbidden packet comes out, no VM ends, and what is allowed goes on by itself.
 */
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";
import { GuestTraffic } from "./support/guest-traffic.ts";
import { PROGRAM, RootInService } from "./support/root-in-service.ts";
import { TestInternet } from "./support/test-internet.ts";

test.skip(process.getuid?.() !== 0, "the test internet is made by root");

/** A VM boots, or the scanner starts, where they are emulated. */
const COMES_UP_MS = 300_000;
const COMES_UP = { timeout: COMES_UP_MS };
const GOOD = 10;
const BAD = 11;

let internet: TestInternet;
let root: RootInService;
let desktop: TestDesktop;
let traffic: GuestTraffic;
let webPid = 0;

test.beforeAll(async () => {
  internet = await TestInternet.open();
  root = RootInService.make("firewall", "atoll-netfilter");
  desktop = await TestDesktop.open({ web: "coral" }, prepare, {
    electron: internet.electron,
    application: root.application,
  });
  await desktop.isRunning("web");
  webPid = await pidOfWeb();
  traffic = new GuestTraffic(desktop, "web");
  // Before the firewall is there.
  await traffic.trespass("198.18.0.11", "2001:2:0:113::11");
  await traffic.lookUpDenied();
  await traffic.load();
  await traffic.moves(COMES_UP_MS);
  // What the firewall goes on from after a crash. That it is made takes the processor from what is measured here.
  await expect.poll(() => desktop.log(), COMES_UP).toContain('memory snapshot of template "service firewall"');
});

test.afterAll(async () => {
  await desktop.close();
  await internet.close();
  root.remove();
});

/** After each of them. */
test.afterEach(async () => {
  expect([internet.packetsTo(BAD), internet.wasAskedFor("bad.example")]).toEqual([0, false]);
  // What would have been seen is.
  expect([internet.packetsTo(GOOD) > 0, internet.wasAskedFor("good.example")]).toEqual([true, true]);
  expect(await pidOfWeb()).toBe(webPid);
  await desktop.isRunning("web");
});

function prepare(home: string): void {
  changeDefinition(home, "web", { network: "firewall" });
  writePolicy(home, [{ action: "net.connect", from: "web", to: "good.example", decision: "allow" }]);
}

async function vmNamed(name: string): Promise<{ id: Parameters<TestDesktop["qemuPid"]>[0] }> {
  const vm = (await desktop.vms()).find((one) => one.name === name);
  if (vm === undefined) throw new Error(`no ${name}`);
  return vm;
}

async function pidOfWeb(): Promise<number> {
  return desktop.qemuPid((await vmNamed("web")).id);
}

test("the firewall's VM is killed", async () => {
  const { attempts } = await traffic.progress();
  process.kill(desktop.qemuPid((await vmNamed("firewall")).id), "SIGKILL");
  await traffic.moves(COMES_UP_MS, attempts);
});

test("the firewall's program, which is the resolver, is killed", async () => {
  const { attempts } = await traffic.progress();
  await root.kill(desktop, PROGRAM);
  await traffic.moves(COMES_UP_MS, attempts);
});

test("the application is killed", async () => {
  const { attempts } = await traffic.progress();
  await desktop.crash();
  await desktop.start();
  await traffic.moves(COMES_UP_MS, attempts);
});
