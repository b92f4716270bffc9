/**
 * Faults while a VM loads something through the firewall and another program of it tries what the policy forbids: the firewall's VM,
 * its program, its scanner and the application are killed, rules change, clocks jump. Not one forbidden packet comes out, no VM ends, and what is allowed goes on by itself.
 */
import { expect, test } from "@playwright/test";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
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
const HOUR_MS = 3_600_000;

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

function setRules(...rules: { to: string; decision: "allow" | "deny"; until?: string }[]): void {
  writePolicy(
    desktop.home,
    rules.map((rule) => ({ action: "net.connect", from: "web", ...rule })),
  );
}

function get(host: string, what = "/"): Promise<CommandResult> {
  const curl = ["curl", "-4", "--silent", "--show-error", "--connect-timeout", "5", "--max-time", "20"];
  return desktop.atoll("exec", "web", "--", ...curl, `http://${host}${what}`);
}

/** Sets the clock of the firewall's VM, as its agent does. */
async function setFirewallClock(unixMs: number): Promise<void> {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(Math.round(unixMs)));
  const set = ["exec", "firewall", "--", "sh", "-c", "cat >/run/atoll/clock"];
  expect((await desktop.pipe(bytes, ...set)).code).toBe(0);
  const off = async (): Promise<number> =>
    Math.abs(Number((await desktop.atoll("exec", "firewall", "--", "date", "+%s")).stdout) * 1_000 - unixMs);
  await expect.poll(off).toBeLessThan(HOUR_MS / 2);
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

// The relays and passt end with it, so that the connection is lost while the VMs run on. Once they are joined again the firewall
// has the VM reset it: its program, which only waits, would not notice by itself.
test("the application is killed: what was loaded is reset once the network is back, and begins anew", async () => {
  const { attempts } = await traffic.progress();
  await desktop.crash();
  await desktop.start();
  await traffic.moves(COMES_UP_MS, attempts);
});

test("rules change: what stays allowed is not touched, what is denied ends, and comes back with its rule", async () => {
  const { attempts } = await traffic.moves(COMES_UP_MS);
  setRules({ to: "good.example", decision: "allow" }, { to: "other.test", decision: "allow" });
  await expect.poll(async () => (await get("other.test")).stdout, COMES_UP).toContain("for other.test");
  expect((await traffic.moves(COMES_UP_MS)).attempts).toBe(attempts);
  setRules({ to: "other.test", decision: "allow" });
  await expect.poll(async () => (await traffic.progress()).attempts, COMES_UP).toBeGreaterThan(attempts);
  await expect.poll(async () => (await get("good.example")).code, COMES_UP).not.toBe(0);
  const ended = await traffic.progress();
  const packets = internet.packetsTo(GOOD);
  await expect.poll(async () => (await traffic.progress()).attempts, COMES_UP).toBeGreaterThan(ended.attempts + 2);
  expect([(await traffic.progress()).bytes, internet.packetsTo(GOOD)]).toEqual([0, packets]);
  setRules({ to: "good.example", decision: "allow" });
  await traffic.moves(COMES_UP_MS, ended.attempts);
});

test("the firewall's clock jumps, forwards and back: a rule that ends does so by the host's clock", async () => {
  for (const by of [3 * HOUR_MS, -24 * HOUR_MS]) {
    await setFirewallClock(Date.now() + by);
    await traffic.moves(COMES_UP_MS);
  }
  const until = new Date(Date.now() + 60_000).toISOString();
  setRules(
    { to: "good.example", decision: "allow" },
    { to: "other.test", decision: "allow", until: until.replace(/\.\d+/, "") },
  );
  await expect.poll(async () => (await get("other.test")).stdout).toContain("for other.test");
  await expect.poll(async () => (await get("other.test")).code, { timeout: 150_000 }).not.toBe(0);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(until) - 1_000);
  await setFirewallClock(Date.now());
  await traffic.moves(COMES_UP_MS);
  setRules({ to: "good.example", decision: "allow" });
});

test("the scanner is killed: nothing unscanned passes, and it comes back", async () => {
  const status = async (): Promise<string> =>
    (await desktop.json<{ status: string }>("service", "info", "firewall")).status;
  await desktop.json("service", "settings", "firewall", "scan=web");
  await expect.poll(status, COMES_UP).toContain("the traffic scanner works");
  const { attempts } = await traffic.moves(COMES_UP_MS);
  await expect.poll(async () => (await get("good.example", "/eicar")).stdout).not.toContain("EICAR");
  const fetch = "while :; do curl -s --max-time 5 http://good.example/eicar >>/tmp/eicar; sleep 0.2; done";
  await desktop.atoll("exec", "web", "--", "sh", "-c", `setsid sh -c '${fetch}' >/dev/null 2>&1 </dev/null &`);
  await root.kill(desktop, "Suricata-Main");
  await traffic.moves(COMES_UP_MS, attempts);
  await expect.poll(status, COMES_UP).toContain("the traffic scanner works");
  expect((await desktop.atoll("exec", "web", "--", "grep", "-c", "EICAR", "/tmp/eicar")).stdout).toBe("0\n");
  await desktop.json("service", "settings", "firewall", "scan=");
  await expect.poll(async () => (await get("good.example", "/eicar")).stdout).toContain("EICAR");
});
