// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge, EventPayload } from "#shared/ipc/index.ts";
import type { AlertView, FilterView, LeakFinding, PastFlow, ScannerView, ShownFlow } from "#shared/model/network.ts";
import type { VmId } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf, write } from "../../ui/testing.tsx";
import { NetworkView } from "./NetworkView.tsx";
import { deniedFlow, shownFlow, vmStatus } from "./testing.ts";

/** This document draws nothing. */
const charts: unknown[] = [];
vi.mock("uplot", () => ({
  default: class {
    setData(data: unknown): void {
      charts.push(data);
    }
    destroy(): void {}
  },
}));

const READY: FilterView = { state: "ready", revision: 212, sinceMs: 0, detail: "" };
let drawn: Drawn;
let shell: ReturnType<typeof testShell>;
let asked: { name: string; input: unknown }[];
let flows: ShownFlow[];
let filter: FilterView;
let past: PastFlow[];
let scanner: ScannerView;
let alerts: AlertView[];
let findings: LeakFinding[];
/** Of network.watch; null: it is answered. */
let refusal: string | null;
const NOTHING_MOVED = { keys: [], numbers: new Float64Array() };

let changed: (payload: EventPayload<"network.changed">) => void;

const price = {
  rule: { line: 41, text: "action: net.connect, from: web, to: good.example:443, decision: deny" },
  tests: [{ name: "t", ok: true }],
  flips: [],
  flipCount: 3,
  flowCount: 18_204,
  ends: 1,
};

const bridge = {
  request: async (name: string, input: unknown) => {
    asked.push({ name, input });
    if (name === "network.watch" && refusal !== null) return { ok: false, error: { message: refusal } };
    const answers: Record<string, unknown> = {
      "network.watch": { filter, flows, traffic: [], scanner, alerts },
      "network.history": { flows: past, total: past.length },
      "network.tryRule": price,
      "network.check": findings,
      "network.makeRule": { change: 7, rule: price.rule },
    };
    return { ok: true, value: answers[name] ?? null };
  },
  on: (name: string, listener: typeof changed) => {
    if (name === "network.changed") changed = listener;
    return () => undefined;
  },
} as unknown as AtollBridge;

beforeEach(() => {
  asked = [];
  refusal = null;
  filter = READY;
  past = [];
  scanner = { state: "off", detail: "" };
  alerts = [];
  flows = [shownFlow("a", { rateIn: 1_900_000 }), deniedFlow("b", { count: 3 })];
});

afterEach(() => drawn.remove());

async function show(): Promise<void> {
  shell = testShell({ bridge, send: () => undefined });
  shell.vms.take([vmStatus("web"), vmStatus("vault", { network: "none" }), vmStatus("home", { network: "direct" })]);
  drawn = await draw(
    <ShellContext value={shell}>
      <NetworkView />
    </ShellContext>,
  );
}

const heads = (): string[] => textsOf(".flow-group-head");
const rows = (): string[] => textsOf("button.flow-row");
const requests = (name: string): unknown[] => asked.filter((one) => one.name === name).map(({ input }) => input);

it("shows each VM with its way out, what passes and what was refused, and why", async () => {
  await show();
  expect(heads()).toEqual(["webthrough the firewall2 flows to 2 names", "homepast the firewall", "vaultno network"]);
  expect(rows()).toEqual([
    "good.example198.18.0.1:4431.0 kB100 bytes1.9 MB/sallowedline 41 @internet",
    "bad.example3 timeslook-up00denied no rule allows it",
  ]);
  expect(textsOf(".network-filter")[0]).toMatch(/^Firewall runs\. Revision 212 is in force since/u);
  expect(textsOf(".network-counts")).toEqual(["denied 3kernel counts 0 packets"]);
});

it("a slash is no search's while a prompt is shown: that has the keyboard", async () => {
  await show();
  const prompt = new AbortController();
  void shell.prompts.ask({ kind: "quit", payload: { vms: [] }, signal: prompt.signal });
  await press("/");
  expect(document.activeElement).toBe(document.body);
  prompt.abort();
  await press("/");
  expect(document.activeElement).toBe(element(".network-search input"));
});

it("an address of IPv6 stands in brackets before its port", async () => {
  flows = [shownFlow("six", { name: null, address: "2001:db8::1", port: 443 })];
  await show();
  expect(textsOf("button.flow-row code")).toEqual(["[2001:db8::1]:443"]);
});

it("says why it shows nothing", async () => {
  refusal = "The list of connections cannot be read.";
  await show();
  expect([textsOf(".inspector-error"), document.querySelector(".bars")]).toEqual([[refusal], null]);
});

it("calls rows that count what has none of its own no look-ups", async () => {
  const rule = { id: "builtin:not-shown", revision: 1, line: null, text: "each is allowed by a rule" };
  const counted = { name: null, address: null, port: null, protocol: "other", bytesIn: 0, bytesOut: 0 } as const;
  flows = [shownFlow("more", { ...counted, rule, count: 12, reason: "12 more connections are not shown" })];
  await show();
  expect(rows()).toEqual(["12 flows00allowed 12 more connections are not shown"]);
});

it("says of a connection that cannot be scanned that it is so, in the place of its rule", async () => {
  const reason = "encrypted: the traffic scanner cannot look inside";
  flows = [shownFlow("a", { reason }), shownFlow("b", { reason: "" })];
  await show();
  const [said = "", other = ""] = rows();
  expect(said).toContain("allowed");
  expect([said.endsWith(reason), other.includes("scanner")]).toEqual([true, false]);
});

it("checks a VM that runs for leaks, and shows those first", async () => {
  findings = [
    { title: "A private address", to: "10.0.0.1:80", result: "held" },
    { title: "The look-up of a name", to: "example.org", result: "allowed" },
    { title: "This computer", to: "192.168.77.7:40001", result: "leak" },
    { title: "QUIC", to: "1.1.1.1:443", result: "not-tried" },
  ];
  await show();
  expect(textsOf(".leak-check")).toHaveLength(2);
  await click(".leak-check");
  expect(requests("network.check")).toEqual([{ vm: "web" }]);
  expect(textsOf(".leak-findings p")).toEqual([
    "1 leak, 1 not tried. 3 ways out of it tried, 1 of them open because its rules allow it.",
  ]);
  expect(textsOf(".leak-findings li")).toEqual([
    "This computer 192.168.77.7:40001 was reached",
    "QUIC 1.1.1.1:443 was not tried",
    "The look-up of a name example.org is allowed",
  ]);
  await click(".leak-findings > button");
  expect(textsOf(".leak-findings")).toEqual([]);
});

it("goes on with what changes, and says when it is not looked at any more", async () => {
  await show();
  const traffic = [{ vmId: "web" as VmId, chartIn: [1, 2], chartOut: [0, 0], packetsDenied: 3 }];
  await act(async () =>
    changed({
      filter: READY,
      flows: [shownFlow("a", { bytesIn: 5_000 })],
      moved: NOTHING_MOVED,
      gone: ["b"],
      traffic,
      scanner,
      alerts: null,
    }),
  );
  expect(rows()).toEqual(["good.example198.18.0.1:4435.0 kB100 bytesallowedline 41 @internet"]);
  expect(textsOf(".flow-rates")).toEqual(["↓ 2 bytes/s↑ 0 bytes/s"]);
  const moved = { keys: ["a", "unknown"], numbers: Float64Array.of(200, 7_000, 10, 990, 1, 1, 1, 1) };
  await act(async () => changed({ filter: READY, flows: [], moved, gone: [], traffic, scanner, alerts: null }));
  expect(rows()).toEqual(["good.example198.18.0.1:4437.0 kB200 bytes1.0 kB/sallowedline 41 @internet"]);
  expect(charts.at(-1)).toMatchObject([{ length: 60 }, { length: 60, 59: 2 }, { length: 60 }]);
  drawn.remove();
  expect(requests("network.watch")).toEqual([{ isWatched: true }, { isWatched: false }]);
  await show();
});

it.each([
  ["down", "The firewall is down: nothing passes. why"],
  ["starting", "The firewall starts. Nothing passes yet."],
  ["failing", "Not all rules are in force, and what they are for is stopped. why"],
] as const)("says that the firewall is %s", async (state, words) => {
  filter = { state, revision: 0, sinceMs: null, detail: "why" };
  flows = [];
  await show();
  expect(textsOf(".network-filter")).toEqual([words]);
  expect(textsOf(".transfers-none strong")).toEqual(["No VM has a connection"]);
});

it("says that VMs wait for a firewall which does not run, where some are to go by it", async () => {
  filter = { state: "absent", revision: 0, sinceMs: null, detail: "" };
  flows = [];
  await show();
  const state = (of: "running" | "stopped"): Promise<void> =>
    act(async () => shell.vms.take([vmStatus("web", { network: "firewall", state: of })]));
  await state("running");
  expect(textsOf(".network-filter")).toEqual(["The firewall does not run yet. Nothing passes."]);
  expect(heads()).toEqual(["webwaits for the firewall: nothing passes"]);
  await state("stopped");
  expect(textsOf(".network-filter")).toEqual(["No VM goes through the firewall."]);
  expect(heads()).toEqual(["webthrough the firewall, does not run"]);
});

it("is searched by words, which a key begins", async () => {
  await show();
  await press("/");
  const field = element("input");
  expect(document.activeElement).toBe(field);
  await write(field, "verdict:denied");
  expect(rows().map((row) => row.slice(0, 11))).toEqual(["bad.example"]);
  await write(field, "verdict:no");
  expect(textsOf(".timeline-unknown")[0]).toContain("verdict:no means nothing here");
  await write(field, "nothing");
  expect(textsOf(".transfers-none strong")).toEqual(["No connection matches"]);
  await press("Escape");
  expect(rows().length).toBe(2);
  await click(".network-counts button");
  expect(rows().length).toBe(1);
});

it("a rule is a sentence, whose price is said before it is written, and which can be undone", async () => {
  await show();
  await click("button.flow-row", "good.example");
  const proposed = { vm: "web", to: "good.example:443", about: "good.example:443", decision: "deny", minutes: null };
  expect(requests("network.tryRule")).toEqual([proposed]);
  expect(textsOf(".rule-flips h4")).toEqual(["Would have changed 3 flows of the last weekof 18 204"]);
  expect(textsOf(".rule-facts li")).toEqual(["ends 1 open flow", "1 test holds", `line 41: ${price.rule.text}`]);
  await click('[role="radio"]', "*.good.example");
  await click('[role="radio"]', "on all ports");
  await click('[role="radio"]', "must ask to");
  await click('[role="radio"]', "1 h");
  await click("button", "Write rule");
  expect(requests("network.makeRule")).toEqual([{ ...proposed, to: "*.good.example", decision: "ask", minutes: 60 }]);
  expect(document.querySelector(".rule-sentence")).toBeNull();
  await act(async () => shell.policyChanges.undo());
  expect(requests("policy.undo")).toEqual([{ change: 7 }]);
});

it("a rule about another VM names it, and nobody is asked", async () => {
  const rule = { id: "builtin:other-vm", revision: 1, line: null, text: "no rule opens a way to another VM" };
  flows = [deniedFlow("v", { name: null, address: "10.137.0.10", toVm: "printer", port: 631, protocol: "tcp", rule })];
  await show();
  expect(rows()[0]).toContain("VM printer10.137.0.10:631");
  await click("button.flow-row", "VM printer");
  const word = "@vm:printer:631";
  expect(requests("network.tryRule")).toEqual([{ vm: "web", to: word, about: word, decision: "allow", minutes: null }]);
  expect(textsOf('[aria-label="Decision"] button')).toEqual(["may", "may not"]);
  expect(textsOf('[aria-label="Destination"] button')).toEqual(["VM printer"]);
  expect(textsOf(".rule-facts li").join()).not.toContain("stay refused");
  await click("button", "Write rule");
  expect(requests("network.makeRule")).toEqual([
    { vm: "web", to: word, about: word, decision: "allow", minutes: null },
  ]);
});

it("what hides names is let pass by its own port alone, and it is said what that means", async () => {
  const rule = { id: "builtin:quic", revision: 1, line: null, text: "QUIC" };
  flows = [deniedFlow("q", { name: "good.example", address: "198.18.0.1", port: 443, protocol: "udp", rule })];
  await show();
  await click("button.flow-row", "good.example");
  const word = "good.example:443/udp";
  expect(requests("network.tryRule")).toEqual([{ vm: "web", to: word, about: word, decision: "allow", minutes: null }]);
  expect(textsOf('[aria-label="Ports"] button')).toEqual(["on 443/udp"]);
  expect(textsOf(".rule-facts li").join()).toContain("QUIC hides names");
});

it("what stays refused is said of every rule that lets something pass", async () => {
  await show();
  await click("button.flow-row", "bad.example");
  expect(textsOf(".rule-facts li").join()).toContain("stay refused");
  await click('[role="radio"]', "may not");
  expect(textsOf(".rule-facts li").join()).not.toContain("stay refused");
});

it("shows the days before, with names that a guest has made up shown as they are", async () => {
  const { key: _k, vmId: _v, state: _s, rateIn: _i, rateOut: _o, ...old } = shownFlow("x");
  past = [{ ...old, name: "old\\u{202e}.example", endedMs: 5 }];
  await show();
  await click('[role="radio"]', "7 days");
  expect(requests("network.history")).toEqual([{ days: 7, words: [], verdict: null }]);
  expect(rows()).toEqual(["old\\u{202e}.example198.18.0.1:4431.0 kB100 bytesallowedline 41 @internet"]);
});

it.each([
  ["ready", "", "Traffic scanner runs."],
  ["ready", "own.rules, line 3: no", "Traffic scanner runs. own.rules, line 3: no"],
  ["starting", "", "The traffic scanner starts: VMs that are scanned reach nothing yet."],
  ["failing", "why", "The traffic scanner does not work: VMs that are scanned reach nothing. why"],
  ["off", "", undefined],
  ["off", "too many rules", "The traffic scanner is off. too many rules"],
] as const)("says that the scanner is %s, %s", async (state, detail, words) => {
  scanner = { state, detail };
  await show();
  expect(textsOf(".network-filter")[1]).toBe(words);
});

const ALERT: AlertView = {
  ...{ time: "2026-11-28T18:00:00.000Z", vm: "web", name: "bad.example", address: "198.18.0.11" },
  ...{ toVm: null, port: 80, direction: "in", signature: "EICAR\\u{202e}", severity: 1, action: "dropped" },
};

it("shows what the traffic scanner has seen, and blocks it with a way back", async () => {
  alerts = [ALERT, { ...ALERT, name: null, direction: "out", action: "seen" }, { ...ALERT, vm: "gone" }];
  await show();
  expect(textsOf(".scan-alerts li").map((text) => text.slice(8))).toEqual([
    "webgot frombad.example:80EICAR\\u{202e}droppedBlock this",
    "websent to198.18.0.11:80EICAR\\u{202e}passedBlock this",
    "gonegot frombad.example:80EICAR\\u{202e}dropped",
  ]);
  await click(".scan-alerts button", "Block bad.example:80 for web");
  const proposed = { vm: "web", to: "bad.example:80", about: "bad.example:80", decision: "deny", minutes: null };
  expect(requests("network.makeRule")).toEqual([proposed]);
  await act(async () => shell.policyChanges.undo());
  expect(requests("policy.undo")).toEqual([{ change: 7 }]);
  const more = Array.from({ length: 9 }, () => ALERT);
  const quiet = { filter: READY, flows: [], moved: NOTHING_MOVED, gone: [], traffic: [], scanner };
  await act(async () => changed({ ...quiet, alerts: more }));
  expect(textsOf(".scan-alerts li").length).toBe(4);
  await click(".scan-alerts button", "5 older alerts");
  expect(textsOf(".scan-alerts li").length).toBe(9);
});
