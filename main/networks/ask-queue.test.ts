import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import type { AuditEntry } from "#shared/model/crossing.ts";
import type { FlowCells } from "#shared/model/firewall.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { Policy } from "../policy/policy.ts";
import { PolicyChanges } from "../policy/policy-changes.ts";
import { HostNetworks } from "./host-networks.ts";
import { Network } from "./network.ts";
import { ScanRules } from "./scan-rules.ts";
import { filteredLink, ScriptedProgram } from "./testing/scripted-firewall.ts";

const idOf = (digit: number): VmId => `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as VmId;
const vm = (name: string, digit: number): VmParty => {
  return { kind: "vm", id: idOf(digit), name, label: "coral", role: "app", template: "debian" };
};

let folder: string;
let policy: Policy;
let vms: VmParty[];
let network: Network;
let program: ScriptedProgram;
let asking: string[];
let audit: AuditLog;
/** What VMs say of their programs when they are asked the next time; they have been asked so often. */
let programs: Map<string, string[]>;
let questions: (() => void)[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-asks-"));
  vms = [vm("web", 1), vm("home", 2)];
  const rule = (from: string, to: string, decision: string): string =>
    `  - {action: net.connect, from: "${from}", to: "${to}", decision: ${decision}}\n`;
  fs.writeFileSync(
    path.join(folder, "policy.yaml"),
    `rules:\n${rule("@any", "evil.shop.example", "deny")}${rule("@any", "@internet", "ask")}`,
  );
  policy = new Policy({ configFolder: folder, stateFolder: folder, vms: () => vms });
  await policy.open();
  program = new ScriptedProgram();
  asking = [];
  programs = new Map();
  questions = [];
  audit = new AuditLog({ stateFolder: folder });
  network = new Network({
    firewall: () => program,
    policy,
    policyChanges: new PolicyChanges(policy),
    audit,
    vms: () => vms,
    vmAt: () => null,
    hostNetworks: new HostNetworks(() => []),
    stateFolder: folder,
    scanRules: new ScanRules(folder),
    asks: () => asking,
    programs: async () => {
      await new Promise<void>((resolve) => questions.push(resolve));
      return programs;
    },
  });
  await network.filter.start();
  network.filter.setLinks([filteredLink(1, idOf(1)), filteredLink(2, idOf(2))], null);
  program.connect();
});

afterEach(async () => {
  vi.useRealTimers();
  await network.close();
  await audit.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const revision = (): number => program.last?.links[0]?.rules.revision ?? 0;
/** What was answered has been taken. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const settle = (): void => void vi.advanceTimersByTime(20);
let rows = 0;

/** A connection that the firewall has refused because the policy asks. */
function wants(name: string | null, more: Partial<FlowCells> = {}): void {
  rows += 1;
  const cells: FlowCells = {
    ...{
      link: "link-1",
      name,
      address: name === null ? "198.18.0.7" : null,
      port: null,
      sourcePort: null,
      protocol: "dns",
    },
    ...{ bytesOut: 0, bytesIn: 0, state: "closed", verdict: "ask", rule: "rule:1", revision: revision() },
    ...{ reason: "", count: 1, ageS: 0 },
    ...more,
  };
  program.says({ type: "rows", table: "flows", reset: false, rows: [{ key: `${rows}`, cells }], removed: [] });
}

const cards = () => network.asks.cards.map(({ vm: of, names, count }) => [of, names.join(" "), count]);
const first = (): number => network.asks.cards[0]?.id ?? 0;
const decides = (name: string, from = "web"): string => policy.check("net.connect", from, name, null).decision;
/** What the firewall was told last of names for web, in order. */
const told = (link = 0) =>
  program.last?.links[link]?.rules.rules.map(({ decision, to }) => `${decision} ${"name" in to ? to.name : to.kind}`);

it("one card for each VM and registrable domain, which repeats join", () => {
  for (const name of [
    "www.shop.example",
    "cdn.shop.example",
    "www.shop.example",
    "other.example",
    "a.co.uk",
    "b.co.uk",
  ])
    wants(name);
  // People who have nothing to do with each other.
  for (const name of ["docs.github.io", "evil.github.io"]) wants(name);
  wants("www.shop.example", { link: "link-2" });
  wants(null);
  expect(cards()).toEqual([
    ["web", "www.shop.example cdn.shop.example", 3],
    ["web", "other.example", 1],
    ["web", "a.co.uk", 1],
    ["web", "b.co.uk", 1],
    ["web", "docs.github.io", 1],
    ["web", "evil.github.io", 1],
    ["home", "www.shop.example", 1],
    ["web", "198.18.0.7", 1],
  ]);
});

it("what is no name of DNS and no address has no card, as a rule would be written of it", () => {
  for (const name of ["@vm:home", "@internet", "@any", "*.example", "10.0.0.0/8", "a.example:25", "a b"]) wants(name);
  expect(cards()).toEqual([]);
});

it("names the programs by the VM's own word, which is asked for once at a time, and for new names alone", async () => {
  const said = () => network.asks.cards.map(({ programs: all }) => all.join(" "));
  let changes = 0;
  network.asks.on("changed", () => (changes += 1));
  wants("shop.example");
  wants("img.shop.example");
  wants("reef.example");
  wants("shop.example");
  expect([questions.length, said()]).toEqual([1, ["", ""]]);
  programs.set("shop.example", ["curl"]);
  questions.shift()?.();
  await turn();
  expect(questions.length).toBe(1);
  expect([changes, said()]).toEqual([5, ["curl", ""]]);
  programs = new Map([
    ["img.shop.example", ["wget", "curl", "perl"]],
    ["reef.example", ["firefox"]],
    ["other.example", ["x"]],
  ]);
  questions.shift()?.();
  await turn();
  expect(said()).toEqual(["wget curl perl", "firefox"]);
  wants("reef.example");
  expect(questions).toEqual([]);
  programs = new Map([["a.shop.example", ["bash"]]]);
  wants("a.shop.example");
  expect(questions.length).toBe(1);
  questions.shift()?.();
  await turn();
  expect(said()[0]).toBe("bash wget curl");
});

it("200 connections to 30 names at once are at most 30 cards, and a flood of names is bounded", () => {
  for (let at = 0; at < 200; at += 1) wants(`n${at % 30}.example`);
  expect(network.asks.cards.length).toBe(30);
  for (let at = 0; at < 500; at += 1) wants(`m${at}.example`);
  for (let at = 0; at < 50; at += 1) wants(`h${at}.n1.example`);
  expect(network.asks.cards.length).toBe(100);
  expect(Math.max(...network.asks.cards.map(({ names }) => names.length))).toBe(20);
});

it("what is allowed or denied is no card, nor what an older policy has asked", () => {
  wants("a.example", { verdict: "deny" });
  wants("b.example", { verdict: "allow", state: "open" });
  wants("c.example", { revision: revision() - 1 });
  expect(cards()).toEqual([]);
});

it("never answers itself: time, and a firewall that goes and comes, write no rule", () => {
  wants("www.shop.example");
  const before = fs.readFileSync(policy.file, "utf8");
  vi.advanceTimersByTime(7 * 86_400_000);
  program.disconnect();
  program.connect();
  expect([network.asks.cards.length, fs.readFileSync(policy.file, "utf8") === before]).toEqual([1, true]);
  expect(told()).toEqual(["deny evil.shop.example", "ask internet"]);
});

it("never answers itself: a host that was suspended for hours", () => {
  wants("www.shop.example");
  const before = fs.readFileSync(policy.file, "utf8");
  // The wall clock has gone on, timers have not.
  const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 8 * 3_600_000);
  onTestFinished(() => clock.mockRestore());
  network.filter.changed();
  settle();
  program.disconnect();
  program.connect();
  wants("www.shop.example");
  expect(network.asks.cards.map(({ names, count }) => [names, count])).toEqual([[["www.shop.example"], 2]]);
  expect(fs.readFileSync(policy.file, "utf8")).toBe(before);
  expect(told()).toEqual(["deny evil.shop.example", "ask internet"]);
});

it.each([
  ["always", "allow", null],
  ["minutes", "allow", 10],
  ["hour", "allow", 60],
  ["deny-always", "deny", null],
  ["deny-minutes", "deny", 10],
  ["deny-hour", "deny", 60],
] as const)("%s is a rule of this VM alone", async (answer, decision, minutes) => {
  wants("www.shop.example");
  const written = await network.asks.answer(first(), "www.shop.example", answer);
  expect(written?.rule?.text).toContain(`from: web, to: www.shop.example`);
  expect([decides("www.shop.example"), decides("www.shop.example", "home"), cards()]).toEqual([decision, "ask", []]);
  const until = policy.rules.find(({ to }) => to === "www.shop.example")?.until ?? null;
  const left = until === null ? null : Math.round((Date.parse(until) - Date.now()) / 60_000);
  expect(left).toBe(minutes);
  settle();
  expect(told()).toEqual(["deny evil.shop.example", `${decision} www.shop.example`, "ask internet"]);
});

it("an answer for the domain is one for all its names, and never for what a rule before denies", async () => {
  wants("www.shop.example");
  wants("cdn.shop.example");
  await network.asks.answer(first(), "*.shop.example", "always");
  expect([cards(), decides("img.shop.example"), decides("evil.shop.example")]).toEqual([[], "allow", "deny"]);
});

describe("a rule that asks of one port", () => {
  const ASKS = 'rules:\n  - {action: net.connect, from: web, to: "*.shop.example:443", decision: ask}\n';
  const DENIES = '  - {action: net.connect, from: web, to: "*.shop.example", decision: deny}\n';
  /** What web was told last, with ports. */
  const ports = () =>
    program.last?.links[0]?.rules.rules.map(({ decision, to, port, protocol }) =>
      [decision, "name" in to ? to.name : to.kind, port, protocol].join(" "),
    );
  const asked = (): string => program.last?.links[0]?.rules.rules.find(({ decision }) => decision === "ask")?.id ?? "";
  const policyIs = async (text: string): Promise<void> => {
    fs.writeFileSync(policy.file, text);
    await policy.load();
    settle();
  };

  it.each([
    ["a connection", { protocol: "tcp", port: 443 } as const],
    ["a look-up, which has no port", {}],
  ])("has a card that stays until it is answered: %s", async (_what, more) => {
    await policyIs(ASKS);
    wants("www.shop.example", { rule: asked(), ...more });
    network.vmsChanged([]);
    expect([cards(), network.asks.cards[0]?.ports]).toEqual([[["web", "www.shop.example", 1]], [443]]);
    const rules: (string | undefined)[] = [];
    audit.on("entry", ({ rule }) => rules.push(rule?.text));
    await network.asks.answer(first(), "www.shop.example", "once");
    expect(rules[0]).toContain("*.shop.example:443, decision: ask");
    expect(cards()).toEqual([]);
  });

  it.each(["once", "until-stop", "always"] as const)("%s opens no other port", async (answer) => {
    await policyIs(ASKS + DENIES);
    wants("www.shop.example", { rule: asked() });
    await network.asks.answer(first(), "www.shop.example", answer);
    settle();
    expect(ports()).toEqual(["allow www.shop.example 443 ", "ask shop.example 443 ", "deny shop.example  "]);
    expect(decides("www.shop.example:22")).toBe("deny");
  });

  it("what was asked by rules of two ports is answered one by one", async () => {
    const other = ASKS.slice(7).replace("443", "80/tcp");
    await policyIs(ASKS + other);
    const ids = program.last?.links[0]?.rules.rules.map(({ id }) => id) ?? [];
    for (const rule of [...ids, ids[0]]) wants("www.shop.example", { rule: rule ?? "" });
    await network.asks.answer(first(), "*.shop.example", "until-stop");
    settle();
    expect(ports()).toEqual(["allow shop.example 443 ", "ask shop.example 443 ", "ask shop.example 80 tcp"]);
    expect(cards()).toEqual([["web", "www.shop.example", 3]]);
    await network.asks.answer(first(), "www.shop.example", "until-stop");
    settle();
    expect(ports()?.slice(2)).toEqual(["allow www.shop.example 80 tcp", "ask shop.example 80 tcp"]);
    expect(cards()).toEqual([]);
  });
});

it("a VM that asks on first use has cards where the policy alone would allow, until that is switched off", async () => {
  fs.writeFileSync(policy.file, 'rules:\n  - {action: net.connect, from: "@any", to: "@internet", decision: allow}\n');
  await policy.load();
  asking = ["web"];
  network.vmsChanged([]);
  settle();
  expect([told(), told(1)]).toEqual([["ask internet", "ask internet"], ["allow internet"]]);
  wants("www.shop.example");
  wants("a.example");
  network.vmsChanged([]);
  expect(cards().length).toBe(2);
  await network.asks.answer(first(), "www.shop.example", "always");
  settle();
  expect(told()).toEqual(["allow www.shop.example", "ask internet", "ask internet"]);
  expect(cards()).toEqual([["web", "a.example", 1]]);
  asking = [];
  network.vmsChanged([]);
  expect(cards()).toEqual([]);
});

it("an answer for one name leaves the others on the card", async () => {
  wants("www.shop.example");
  wants("cdn.shop.example");
  await network.asks.answer(first(), "cdn.shop.example", "always");
  expect(cards()).toEqual([["web", "www.shop.example", 2]]);
});

it("until the VM stops: where the rule stands that asks, and gone with the VM", async () => {
  wants("www.shop.example");
  expect(await network.asks.answer(first(), "*.shop.example", "until-stop")).toBeNull();
  settle();
  expect([told(), told(1)]).toEqual([
    ["deny evil.shop.example", "allow shop.example", "ask internet"],
    ["deny evil.shop.example", "ask internet"],
  ]);
  wants("img.shop.example", {
    ...{ verdict: "allow", state: "open", rule: program.last?.links[0]?.rules.rules[1]?.id ?? "" },
    revision: revision(),
  });
  expect(network.flows.all.at(-1)?.rule).toMatchObject({
    line: null,
    text: "your answer: allow *.shop.example, until the VM stops",
  });
  network.vmsChanged([idOf(2)]);
  settle();
  expect(told()?.length).toBe(3);
  network.vmsChanged([idOf(1)]);
  settle();
  expect(told()).toEqual(["deny evil.shop.example", "ask internet"]);
});

it("of a disposable no answer is a rule, and what is asked of the VM that it is for is asked of it", async () => {
  fs.writeFileSync(policy.file, 'rules:\n  - {action: net.connect, from: home, to: "@internet", decision: allow}\n');
  await policy.load();
  vms = [{ ...vm("disp-1", 1), role: "disposable", forVm: vm("home", 2) }, vm("home", 2)];
  policy.vmsChanged();
  network.vmsChanged([]);
  settle();
  expect([told(), told(1)]).toEqual([["allow internet"], ["allow internet"]]);
  asking = ["home"];
  network.vmsChanged([]);
  settle();
  expect(told()).toEqual(["ask internet", "ask internet"]);
  const before = fs.readFileSync(policy.file, "utf8");
  wants("www.shop.example");
  expect(await network.asks.answer(first(), "www.shop.example", "always")).toBeNull();
  settle();
  expect(told()).toEqual(["allow www.shop.example", "ask internet", "ask internet"]);
  expect(fs.readFileSync(policy.file, "utf8")).toBe(before);
});

it("once: for a minute, and a connection that began in it is not cut", async () => {
  wants("www.shop.example");
  await network.asks.answer(first(), "www.shop.example", "once");
  settle();
  const id = program.last?.links[0]?.rules.rules[1]?.id ?? "";
  const open = { verdict: "allow", rule: id, address: "198.18.0.1", port: 443, protocol: "tcp" } as const;
  const row = (state: "open" | "closed"): void => {
    rows = 500;
    wants("www.shop.example", { ...open, state });
  };
  row("open");
  expect(program.last?.links[0]?.rules.rules[1]).not.toHaveProperty("onlyRunning");
  vi.advanceTimersByTime(60_020);
  expect(told()).toEqual(["deny evil.shop.example", "allow www.shop.example", "ask internet"]);
  // Nothing else begins by it.
  expect(program.last?.links[0]?.rules.rules[1]).toMatchObject({ id, onlyRunning: true });
  vi.advanceTimersByTime(60_000);
  expect(told()?.length).toBe(3);
  row("closed");
  vi.advanceTimersByTime(1_020);
  expect(told()).toEqual(["deny evil.shop.example", "ask internet"]);
});

it("once: what has no row of its own is not cut, as long as the VM has such", async () => {
  wants("www.shop.example");
  await network.asks.answer(first(), "www.shop.example", "once");
  settle();
  const hidden = { name: null, verdict: "allow", rule: "builtin:not-shown", protocol: "other", count: 2 } as const;
  const row = (link: string, state: "open" | "closed"): void => {
    rows = link === "link-1" ? 500 : 600;
    wants(null, { ...hidden, address: null, link, state });
  };
  for (const link of ["link-1", "link-2"]) row(link, "open");
  vi.advanceTimersByTime(120_000);
  expect(told()).toEqual(["deny evil.shop.example", "allow www.shop.example", "ask internet"]);
  row("link-1", "closed");
  vi.advanceTimersByTime(1_020);
  expect(told()).toEqual(["deny evil.shop.example", "ask internet"]);
});

it("once: however many connections begin and end, all are looked at once a second", async () => {
  wants("www.shop.example");
  await network.asks.answer(first(), "www.shop.example", "once");
  settle();
  const id = program.last?.links[0]?.rules.rules[1]?.id ?? "";
  rows = 500;
  wants("www.shop.example", { verdict: "allow", rule: id, state: "open" });
  vi.advanceTimersByTime(66_000);
  const looks = vi.spyOn(network.flows, "all", "get");
  for (let count = 0; count < 100; count += 1) wants("other.example");
  vi.advanceTimersByTime(1_000);
  expect(looks.mock.calls.length).toBeLessThanOrEqual(2);
  expect(told()).toHaveLength(3);
});

it("once: of a connection that began in the last moment of the minute the firewall has yet to tell", async () => {
  wants("www.shop.example");
  await network.asks.answer(first(), "www.shop.example", "once");
  vi.advanceTimersByTime(60_020);
  expect(program.last?.links[0]?.rules.rules[1]).toMatchObject({ onlyRunning: true });
  vi.advanceTimersByTime(5_020);
  expect(told()).toEqual(["deny evil.shop.example", "ask internet"]);
});

it("denied once: the program's next tries are not asked for a minute", async () => {
  wants(null);
  await network.asks.answer(first(), "198.18.0.7", "deny");
  settle();
  expect(program.last?.links[0]?.rules.rules[1]).toMatchObject({
    decision: "deny",
    to: { kind: "addresses", cidr: "198.18.0.7/32" },
  });
  vi.advanceTimersByTime(60_040);
  expect(told()).toEqual(["deny evil.shop.example", "ask internet"]);
});

it.each([
  ["always", "allow", "always", /^rule:[0-9a-f]{16}, line 3$/u],
  ["deny-minutes", "deny", "for 10 minutes", /^rule:[0-9a-f]{16}, line 3$/u],
  ["once", "allow", "once", /^answer:\S+$/u],
  ["deny-until-stop", "deny", "until the VM stops", /^answer:\S+$/u],
] as const)("%s is in the audit log, with the rule by which it counts", async (answer, decision, words, id) => {
  wants("www.shop.example");
  const entries: AuditEntry[] = [];
  audit.on("entry", (entry, isComplete) => (isComplete ? entries.push(entry) : undefined));
  await network.asks.answer(first(), "www.shop.example", answer);
  expect(entries).toMatchObject([
    { action: "net.connect", from: { name: "web" }, to: { name: "www.shop.example" }, decision, by: "person" },
  ]);
  // The one that asked.
  expect(entries[0]?.rule?.text).toContain("decision: ask");
  const [said, by] = entries[0]?.detail.split("; ") ?? [];
  expect(said).toBe(words);
  expect(by).toMatch(id);
  settle();
  const counted = program.last?.links[0]?.rules.rules[1]?.id;
  expect(by?.startsWith(counted ?? "none")).toBe(true);
});

it("what cannot be recorded is not answered, and one whose rule cannot be written is recorded so", async () => {
  wants("www.shop.example");
  const before = fs.readFileSync(policy.file, "utf8");
  const append = vi.spyOn(audit, "append").mockRejectedValue(new AppError("audit.unwritable", "no"));
  for (const answer of ["always", "once"] as const)
    await expect(network.asks.answer(first(), "www.shop.example", answer)).rejects.toThrow("no");
  settle();
  expect([cards().length, fs.readFileSync(policy.file, "utf8") === before, told()?.length]).toEqual([1, true, 2]);
  append.mockRestore();
  fs.appendFileSync(policy.file, "nonsense: true\n");
  const details: string[] = [];
  audit.on("entry", ({ detail }) => details.push(detail));
  await expect(network.asks.answer(first(), "www.shop.example", "always")).rejects.toThrow("nonsense");
  expect(details.at(-1)).toContain("always; the rule was not written: ");
});

it("a card goes when the policy does not ask any more, or its VM is gone", async () => {
  wants("www.shop.example");
  wants("a.example", { link: "link-2" });
  vms = [vm("web", 1)];
  network.vmsChanged([]);
  expect(cards()).toEqual([["web", "www.shop.example", 1]]);
  fs.writeFileSync(policy.file, "rules: []\n");
  await policy.load();
  expect(cards()).toEqual([]);
});

it("answers nothing that the card does not offer, and no card that is gone", async () => {
  wants("www.shop.example");
  const id = first();
  const before = fs.readFileSync(policy.file, "utf8");
  expect(await network.asks.answer(id, "bank.example", "always")).toBeNull();
  expect(await network.asks.answer(id, "*.example", "always")).toBeNull();
  expect(await network.asks.answer(id + 1, "www.shop.example", "always")).toBeNull();
  expect([cards().length, fs.readFileSync(policy.file, "utf8") === before]).toEqual([1, true]);
});
