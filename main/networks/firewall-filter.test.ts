import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import { Policy } from "../policy/policy.ts";
import { FirewallFilter } from "./firewall-filter.ts";
import { HostNetworks } from "./host-networks.ts";
import { NetworkRules } from "./network-rules.ts";
import { deferred } from "../vms/testing/scripted-vm.ts";
import { filteredLink, ScriptedProgram } from "./testing/scripted-firewall.ts";

const vm = (name: string, digit: number): VmParty => {
  const id = `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as VmId;
  return { kind: "vm", id, name, label: "lagoon", role: "app", template: "debian" };
};
const WEB = vm("web", 1);
const HOME = vm("home", 2);
const idOf = ({ id }: VmParty): VmId => id ?? ("" as VmId);

let folder: string;
let vms: VmParty[];
let now: number;
let elapsed: number;
let addresses: { address: string; cidr: string; internal: boolean }[];
let hostNetworks: HostNetworks;
let policy: Policy;
let program: ScriptedProgram;
let filter: FirewallFilter;
let rules: NetworkRules;
let changes: number;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-filter-"));
  vms = [WEB, HOME];
  now = Date.parse("2026-11-28T12:00:00Z");
  elapsed = 0;
  addresses = [{ address: "192.168.1.5", cidr: "192.168.1.5/24", internal: false }];
  hostNetworks = new HostNetworks(() => addresses);
  policy = new Policy({
    configFolder: folder,
    stateFolder: folder,
    vms: () => vms,
    isNear: hostNetworks.isNear,
    now: () => now,
    elapsed: () => elapsed,
  });
  await write(rule("web", "good.example", "allow"));
  program = new ScriptedProgram();
  rules = new NetworkRules({ policy, stateFolder: folder });
  filter = new FirewallFilter({ firewall: () => program, policy, rules, vms: () => vms, hostNetworks });
  changes = 0;
  filter.on("changed", () => (changes += 1));
});

afterEach(() => {
  filter.close();
  vi.useRealTimers();
  fs.rmSync(folder, { recursive: true, force: true });
});

const rule = (from: string, to: string, decision: string, more = ""): string =>
  `  - {action: net.connect, from: "${from}", to: "${to}", decision: ${decision}${more}}\n`;

async function write(text: string): Promise<void> {
  fs.writeFileSync(path.join(folder, "policy.yaml"), `rules:\n${text}`);
  await policy.load();
}

const settle = (): void => void vi.advanceTimersByTime(20);

/** Of web, and of home. */
const problems = () => [WEB, HOME].map((one) => filter.problemOf(idOf(one)));

function up(): void {
  void filter.start();
  filter.setLinks([filteredLink(1, idOf(WEB)), filteredLink(2, idOf(HOME))], null);
  settle();
  program.connect();
}

const rulesOf = (link: string) => program.last?.links.find(({ id }) => id === link)?.rules;

it("tells each VM's rules when the program connects, and takes what it confirms", () => {
  up();
  expect([filter.isReady, filter.acknowledged.size]).toEqual([true, 0]);
  expect(rulesOf("link-1")).toMatchObject({
    revision: 1,
    rules: [{ decision: "allow", to: { kind: "name", name: "good.example" } }],
    checksNames: true,
  });
  expect(rulesOf("link-2")).toMatchObject({ revision: 1, rules: [], checksNames: false });
  expect(program.last).toMatchObject({ uplink: null, dns: [], notInternet: ["192.168.1.5/24"] });
  program.applies();
  expect([...filter.acknowledged]).toEqual(["link-1", "link-2"]);
});

it("hears its program, and starts it, once the services are known, and not before", async () => {
  filter.close();
  const opened = deferred<undefined>();
  let isKnown = false;
  const firewall = () => {
    if (!isKnown) throw new Error("it has no VM");
    return program;
  };
  filter = new FirewallFilter({ firewall, opened: opened.promise, policy, rules, vms: () => vms, hostNetworks });
  const heard: unknown[] = [];
  filter.on("connected", () => heard.push("connected"));
  filter.on("report", ({ type }) => heard.push(type));
  const started = vi.spyOn(program, "start");
  const start = filter.start();
  isKnown = true;
  opened.resolve(undefined);
  await opened.promise;
  program.connect();
  program.says({ type: "status", text: "3 links" });
  filter.setLinks([], null);
  expect([filter.isUp, heard]).toEqual([true, ["connected", "status"]]);
  await start;
  expect(started).toHaveBeenCalledTimes(1);
});

it("tells nothing to a program of an earlier run of the application until it is known which links there are", () => {
  void filter.start();
  program.connect();
  settle();
  expect(program.states).toEqual([]);
  filter.setLinks([], null);
  settle();
  expect(program.last?.links).toEqual([]);
});

it("passes on what the program says early once it is known which links that is about, the newest of much", () => {
  const heard: unknown[] = [];
  filter.on("report", (message) => heard.push([message.type === "status" ? message.text : "", filter.vmOf("link-1")]));
  const says = (text: string): void => program.says({ type: "status", text });
  void filter.start();
  program.connect();
  says("of a run that has ended");
  program.disconnect();
  program.connect();
  for (let at = 0; at <= 64; at += 1) says(`early ${at}`);
  expect(heard).toEqual([]);
  filter.setLinks([filteredLink(1, idOf(WEB))], null);
  expect([heard.length, heard[0], heard.at(-1)]).toEqual([64, ["early 1", idOf(WEB)], ["early 64", idOf(WEB)]]);
  says("later");
  expect(heard.slice(64)).toEqual([["later", idOf(WEB)]]);
});

it("says which session of the uplink the program has taken note of, in this run of it", () => {
  const uplink = (session: string) => ({
    own: { mac: "52:54:00:c7:00:01", ipv4: "10.137.255.2", ipv6: "fd00:137:ffff::2" },
    gateway: { ipv4: "10.137.255.1", ipv6: "fd00:137:ffff::1" },
    session,
  });
  const lose = (session: string): void => {
    filter.setLinks([filteredLink(1, idOf(WEB))], uplink(session));
    settle();
  };
  up();
  program.applies();
  expect(filter.uplinkSession).toBe(null);
  lose("one");
  expect([program.last?.uplink?.session, filter.uplinkSession]).toEqual(["one", null]);
  program.applies();
  expect(filter.uplinkSession).toBe("one");
  lose("two");
  expect(filter.uplinkSession).toBe("one");
  // It has not understood what it was told.
  program.applies([{ where: "", reason: "unknown field" }]);
  expect(filter.uplinkSession).toBe("one");
  program.applies();
  expect(filter.uplinkSession).toBe("two");
  program.disconnect();
  expect(filter.uplinkSession).toBe(null);
});

it("acknowledges no link whose rules are not in force, and says why", () => {
  up();
  program.applies([{ where: "link-1", reason: "too\u202e many\n" }]);
  expect([...filter.acknowledged]).toEqual(["link-2"]);
  expect(problems()).toEqual(["the firewall said: “too many”", null]);
});

it("a problem that is said again is logged once", () => {
  const lines: string[] = [];
  const output = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  onTestFinished(() => output.mockRestore());
  up();
  const problem = { where: "link-1", reason: "the kernel does not keep its rules" };
  for (const problems of [[problem], [problem], [], [problem]]) program.applies(problems);
  expect(lines.filter((line) => line.includes("link-1 is not in force"))).toHaveLength(2);
});

it("a problem that is about no link is about all of them", () => {
  up();
  program.applies([{ where: "state", reason: "it cannot be read" }]);
  const said = "the firewall said: “it cannot be read”";
  expect([filter.acknowledged.size, ...problems()]).toEqual([0, said, said]);
});

it("a link whose interface comes after its rules is acknowledged when the program says so", () => {
  up();
  program.applies([{ where: "link-1", reason: "its interface is not there" }]);
  expect([...filter.acknowledged]).toEqual(["link-2"]);
  program.applies();
  expect([[...filter.acknowledged], problems()]).toEqual([
    ["link-1", "link-2"],
    [null, null],
  ]);
  // Settings were told meanwhile, with the same state.
  program.applies([{ where: "link-2", reason: "it is gone" }], program.states.length + 1);
  expect([...filter.acknowledged]).toEqual(["link-1"]);
});

it("an answer for what was told before acknowledges nothing", async () => {
  up();
  await write(rule("web", "@any", "deny"));
  settle();
  program.applies([], 1);
  expect(filter.acknowledged.size).toBe(0);
  program.applies();
  expect(filter.acknowledged.size).toBe(2);
});

it("what was in force stays so until the next is confirmed, 5 s at most", async () => {
  up();
  program.applies();
  await write(rule("web", "@any", "deny"));
  settle();
  expect(program.states.length).toBe(2);
  vi.advanceTimersByTime(4_999);
  expect(filter.acknowledged.size).toBe(2);
  vi.advanceTimersByTime(1);
  expect(filter.acknowledged.size).toBe(0);
  expect(problems()[0]).toContain("within 5 s");
  program.applies();
  expect([filter.acknowledged.size, ...problems()]).toEqual([2, null, null]);
});

it("a program that hangs gets no more time by changes, and one that keeps up has it for each", async () => {
  up();
  program.applies();
  const change = async (): Promise<void> => {
    await write(rule("web", `n${program.states.length}.example`, "deny"));
    settle();
  };
  for (let at = 0; at < 4; at += 1) {
    await change();
    vi.advanceTimersByTime(3_000);
    // What it confirms is never the last.
    await change();
    program.applies([], program.states.length - 1);
    expect(filter.acknowledged.size).toBe(2);
  }
  program.applies();
  await change();
  vi.advanceTimersByTime(4_000);
  await change();
  expect(filter.acknowledged.size).toBe(2);
  vi.advanceTimersByTime(1_000);
  expect([filter.acknowledged.size, problems()[0]]).toEqual([0, expect.stringContaining("within 5 s")]);
});

it("a number that another VM has now is not acknowledged, nor by what was told of the one before", () => {
  up();
  program.applies();
  filter.setLinks([filteredLink(1, idOf(HOME))], null);
  expect(filter.acknowledged.size).toBe(0);
  program.applies();
  expect(filter.acknowledged.size).toBe(0);
  settle();
  program.applies();
  expect([...filter.acknowledged]).toEqual(["link-1"]);
});

it("a state that cannot be told cuts all links", async () => {
  up();
  program.applies();
  program.failure = new Error("too large");
  await write(rule("web", "@any", "deny"));
  settle();
  expect([filter.acknowledged.size, problems()[0]]).toEqual([0, "too large"]);
});

it("a program that has gone has nothing in force, and its successor is told all", () => {
  up();
  program.applies();
  program.disconnect();
  expect([filter.isReady, filter.acknowledged.size]).toEqual([false, 0]);
  program.connect();
  expect([program.states.length, filter.acknowledged.size]).toEqual([2, 0]);
  program.applies();
  expect(filter.acknowledged.size).toBe(2);
});

it("tells the next program what VMs had open by the one before, and no later one again", () => {
  const open = { link: "link-1", sourcePort: 40_000, address: "198.18.0.1", port: 443 };
  let connections = [open];
  filter.close();
  const parts = { firewall: () => program, policy, rules, vms: () => vms, hostNetworks };
  filter = new FirewallFilter({ ...parts, openConnections: () => connections });
  filter.on("gone", () => (connections = []));
  up();
  expect(program.last?.lost).toEqual([open]);
  connections = [{ ...open, port: 80 }];
  program.disconnect();
  program.connect();
  expect(program.last?.lost).toEqual([{ ...open, port: 80 }]);
});

it("tells a change of the policy, of VMs and of the host's addresses once, and nothing where nothing changed", async () => {
  up();
  program.applies();
  filter.changed();
  settle();
  expect(program.states.length).toBe(1);
  await write(rule("@label:coral", "@any", "allow"));
  vms = [{ ...WEB, label: "coral" }, HOME];
  filter.changed();
  addresses = [];
  hostNetworks.look();
  settle();
  expect(program.states.length).toBe(2);
  expect(rulesOf("link-1")?.rules).toMatchObject([{ to: { kind: "any" } }]);
  expect(program.last?.notInternet).toEqual([]);
});

it("tells a way to another VM while that has a link here, and in another revision when it comes or goes", async () => {
  await write(rule("web", "@vm:home:631", "allow"));
  up();
  const to = () => rulesOf("link-1")?.rules.map((one) => one.to);
  const way = (name: string) => [{ kind: "vm", link: "link-2", name }];
  expect(to()).toEqual(way("home"));
  const before = rulesOf("link-1")?.revision ?? 0;
  filter.setLinks([filteredLink(1, idOf(WEB))], null);
  settle();
  expect([to(), rulesOf("link-1")?.revision]).toEqual([[], before + 1]);
  // Another VM has its number now.
  const other = vm("other", 3);
  vms = [WEB, HOME, other];
  filter.setLinks([filteredLink(1, idOf(WEB)), filteredLink(2, idOf(other))], null);
  settle();
  expect(to()).toEqual([]);
  // It goes with the VM, whatever that is called.
  vms = [WEB, { ...HOME, name: "flat" }];
  policy.vmsChanged();
  filter.setLinks([filteredLink(1, idOf(WEB)), filteredLink(2, idOf(HOME))], null);
  settle();
  expect(to()).toEqual(way("flat"));
  vms = [WEB, { ...vm("home", 4) }];
  filter.setLinks([filteredLink(1, idOf(WEB)), filteredLink(2, idOf(vm("home", 4)))], null);
  settle();
  expect(to()).toEqual([]);
});

it("a VM that is not there any more may connect to nothing", async () => {
  await write(rule("@any", "@any", "allow"));
  up();
  vms = [HOME];
  filter.changed();
  settle();
  expect([rulesOf("link-1")?.rules.length, rulesOf("link-2")?.rules.length]).toEqual([0, 1]);
});

it("a link that is taken away is not acknowledged any more", () => {
  up();
  program.applies();
  filter.setLinks([filteredLink(2, idOf(HOME))], null);
  expect([...filter.acknowledged]).toEqual(["link-2"]);
  settle();
  expect(program.last?.links.map(({ id }) => id)).toEqual(["link-2"]);
});

it("tells nothing, so that no link may be, while nobody knows what a person wants of the firewall", () => {
  filter.close();
  let settingsProblem: string | null = "its settings are not known";
  const parts = { firewall: () => program, policy, rules, vms: () => vms, hostNetworks };
  filter = new FirewallFilter({ ...parts, settingsProblem: () => settingsProblem });
  up();
  expect([program.states.length, filter.acknowledged.size, filter.view]).toEqual([
    0,
    0,
    { state: "failing", revision: 0, sinceMs: null, detail: settingsProblem },
  ]);
  expect(problems()[0]).toBe(settingsProblem);
  settingsProblem = null;
  filter.changed();
  settle();
  program.applies();
  expect([problems()[0], filter.acknowledged.size]).toEqual([null, 2]);
});

it("a policy with a mistake lets nothing pass", async () => {
  up();
  await write("  - nonsense\n");
  settle();
  expect(rulesOf("link-1")?.rules).toEqual([]);
});

it("a rule that ends is not told any more, also where the host's clock was set back", async () => {
  await write(rule("web", "good.example", "allow", ", until: 2026-11-28T12:01:00Z"));
  up();
  expect(rulesOf("link-1")?.rules).toMatchObject([{ until: now + 60_000 }]);
  now -= 3_600_000;
  elapsed += 60_000;
  vi.advanceTimersByTime(60_001);
  expect(rulesOf("link-1")?.rules).toEqual([]);
});

it("says of an old flow's rule what the policy said then", async () => {
  up();
  const id = rulesOf("link-1")?.rules[0]?.id ?? "";
  expect(rules.sourceOf(id, 1)?.line).toBe(2);
  await write(rule("web", "bad.example", "deny") + rule("web", "good.example", "allow"));
  settle();
  expect([1, 2].map((revision) => rules.sourceOf(id, revision)?.line)).toEqual([2, 3]);
  expect(rules.sourceOf("rule:0000000000000000", 2)).toBeNull();
  // An application that starts anew counts on.
  const next = new NetworkRules({ policy, stateFolder: folder });
  next.make(new Map([[idOf(WEB), WEB]]));
  expect([next.revision, next.sourceOf(id, 1)?.line]).toEqual([3, 3]);
});
