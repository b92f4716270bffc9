import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BUILTIN_RULES, type FlowCells } from "#shared/model/firewall.ts";
import { type Cell, fromProgram, type ProgramReport } from "#shared/model/service-messages.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import { FlowHistory } from "./flow-history.ts";
import { Flows, flowView, shownFlow } from "./flows.ts";

const WEB = "11111111-0000-4000-8000-000000000000" as VmId;
const PRINTER = "22222222-0000-4000-8000-000000000000" as VmId;
const SOURCE = { line: 41, text: "action: net.connect, to: @internet" };

class ScriptedFilter extends Emitter<{ connected: []; gone: []; report: [ProgramReport]; changed: [] }> {
  vmOf(link: string): VmId | null {
    return link === "link-1" ? WEB : null;
  }
}

let filter: ScriptedFilter;
let flows: Flows;
let now: number;
let source: { line: number; text: string };
let names: Map<VmId, string>;

beforeEach(() => {
  filter = new ScriptedFilter();
  now = 1_000_000_000_000;
  source = SOURCE;
  names = new Map([
    [WEB, "web"],
    [PRINTER, "printer"],
  ]);
  flows = new Flows({
    filter,
    rules: { sourceOf: (rule) => (rule === "rule:1" ? source : null) },
    nameOf: (vm) => names.get(vm) ?? null,
    vmNameAt: (address) => (address === "10.137.0.10" ? (names.get(PRINTER) ?? null) : null),
    isVm: (name) => [...names.values()].includes(name),
    now: () => now,
  });
  filter.emit("connected");
});

const CELLS: FlowCells = {
  link: "link-1",
  name: "good.example",
  address: "198.18.0.1",
  port: 443,
  sourcePort: 40_000,
  protocol: "tcp",
  bytesOut: 100,
  bytesIn: 1_000,
  state: "open",
  verdict: "allow",
  rule: "rule:1",
  revision: 3,
  reason: "",
  count: 1,
  ageS: 2,
};
const DENIED: Partial<FlowCells> = {
  ...{ name: "bad.example", address: null, port: null, sourcePort: null, protocol: "dns", bytesIn: 0, bytesOut: 0 },
  ...{ state: "closed", verdict: "deny", rule: "builtin:default-deny" },
};

function says(
  rows: Record<string, Partial<Record<keyof FlowCells, Cell>>>,
  more: { reset?: boolean; removed?: string[] } = {},
): void {
  const list = Object.entries(rows).map(([key, cells]) => ({
    key,
    cells: { ...CELLS, ...cells } as Record<string, Cell>,
  }));
  filter.emit("report", { type: "rows", table: "flows", reset: false, removed: [], rows: list, ...more });
}

const shown = () => flows.all.map((flow) => flowView(flow, now));

it("has a connection with the line that decided", () => {
  says({ a: {} });
  expect(shown()).toEqual([
    {
      ...{ vm: "web", name: "good.example", address: "198.18.0.1", toVm: null, port: 443 },
      ...{ protocol: "tcp", bytesOut: 100, bytesIn: 1_000, state: "open", verdict: "allow", reason: "", ageS: 2 },
      rule: { id: "rule:1", revision: 3, line: 41, text: SOURCE.text },
    },
  ]);
});

it("says which VM is at the other end, as it was then", () => {
  says({ a: { name: null, address: "10.137.0.10" }, b: { name: null, address: "10.137.0.14" }, c: {} });
  expect(shown().map(({ toVm }) => toVm)).toEqual(["printer", null, null]);
  names.delete(PRINTER);
  says({ a: { name: null, address: "10.137.0.10", bytesIn: 2_000 }, d: { name: null, address: "10.137.0.10" } });
  expect(shown().map(({ toVm }) => toVm)).toEqual(["printer", null, null, null]);
  names.set(PRINTER, "printer");
  // By its name, as the resolver has refused it.
  const asked = ["printer.vm.internal", "bank.vm.internal", "printer", "@vm:printer"];
  asked.forEach((name, at) => says({ [`n${at}`]: { ...DENIED, name } }));
  expect(
    shown()
      .slice(4)
      .map(({ toVm }) => toVm),
  ).toEqual(["printer", null, null, null]);
});

it("has what was refused, with the built-in rule's words", () => {
  says({ a: DENIED, b: { ...DENIED, rule: "builtin:new-one" } });
  expect(shown().map(({ rule, verdict }) => [verdict, rule.line, rule.text])).toEqual([
    ["deny", null, BUILTIN_RULES["builtin:default-deny"]],
    ["deny", null, "a rule that is not known any more"],
  ]);
});

it("old lines stay right when the rule's place has changed", () => {
  says({ a: {} });
  source = { ...SOURCE, line: 50 };
  says({ a: { bytesIn: 2_000 }, b: {} });
  expect(shown().map(({ rule }) => rule.line)).toEqual([41, 50]);
});

it("knows rates, and none of what has ended", () => {
  says({ a: {} });
  now += 2_000;
  says({ a: { bytesIn: 5_000, bytesOut: 300 } });
  const rates = () => flows.all.map((flow) => shownFlow(flow, now)).map(({ rateIn, rateOut }) => [rateIn, rateOut]);
  expect(rates()).toEqual([[2_000, 100]]);
  // A counter that goes back is no rate.
  now += 1_000;
  says({ a: { bytesIn: 0, bytesOut: 0 } });
  expect(rates()).toEqual([[0, 0]]);
  now += 1_000;
  says({ a: { bytesIn: 9_000, state: "closed" } });
  expect(rates()).toEqual([[0, 0]]);
});

it("says of what has carried nothing for two seconds that it has no rate", () => {
  const changed: unknown[] = [];
  says({ a: {}, b: {} });
  now += 1_000;
  says({ a: { bytesIn: 5_000 }, b: { bytesIn: 5_000 } });
  flows.on("changed", ({ key, rateIn }, bytesAlone) => changed.push([key, rateIn, bytesAlone]));
  const tick = (): void => {
    now += 1_000;
    filter.emit("report", { type: "rows", table: "links", reset: false, rows: [], removed: [] });
  };
  tick();
  says({ b: { bytesIn: 6_000 } });
  expect(changed).toEqual([["1/b", 1_000, true]]);
  tick();
  says({ b: { bytesIn: 7_000, name: "named.example" } });
  tick();
  expect(changed.slice(1)).toEqual([
    ["1/a", 0, true],
    ["1/b", 1_000, false],
  ]);
  tick();
  expect(changed.slice(3)).toEqual([["1/b", 0, true]]);
});

it("keeps what has ended for ten minutes, the end being when it was first told", () => {
  const gone: string[] = [];
  flows.on("gone", (key) => gone.push(key));
  says({ a: {}, b: {} });
  says({ a: { state: "closed" } });
  now += 500_000;
  says({ a: { state: "closed" } });
  now += 100_000;
  expect(flows.all.length).toBe(2);
  now += 1;
  expect([flows.all.map(({ key }) => key), gone]).toEqual([["1/b"], ["1/a"]]);
});

it("what is refused again is there for ten minutes more", () => {
  says({ a: { ...DENIED, count: 1 } });
  now += 500_000;
  says({ a: { ...DENIED, count: 2 } });
  now += 500_000;
  expect(flows.all.map((flow) => shownFlow(flow, now)).map(({ count }) => count)).toEqual([2]);
});

it.each([
  ["is removed", () => says({}, { removed: ["a"] })],
  ["is not in a new table", () => says({ b: {} }, { reset: true })],
  ["had a firewall that has gone", () => filter.emit("gone")],
  ["had a firewall that has connected anew", () => filter.emit("connected")],
])("a connection that %s has ended", (_what, happens) => {
  says({ a: {} });
  happens();
  const a = flows.all.find(({ key }) => key === "1/a");
  expect([a?.endedMs, a?.cells.state]).toEqual([now, "closed"]);
});

it("a key of another run of the program is another connection", () => {
  says({ a: {} });
  filter.emit("connected");
  says({ a: { name: "other.example" } });
  expect(shown().map(({ name, state }) => [name, state])).toEqual([
    ["good.example", "closed"],
    ["other.example", "open"],
  ]);
});

it("escapes what a guest has put into a name", () => {
  says({ a: { name: "good\u202e\u0007.example", reason: "x\ny", rule: "builtin:\u0000" } });
  const [view] = shown();
  expect([view?.name, view?.reason, view?.rule.id]).toEqual([
    "good\\u{202e}\\u{7}.example",
    "x\\u{a}y",
    "builtin:\\u{0}",
  ]);
});

it("drops what is no flow, or of no link, and takes the rest", () => {
  says({ a: { port: 70_000 }, b: { link: "link-2" }, c: { bytesIn: "many" }, d: {}, e: { verdict: "maybe" } });
  expect(flows.all.map(({ key }) => key)).toEqual(["1/d"]);
});

it("takes any message that the link lets through", () => {
  const cell = fc.oneof(fc.string({ maxLength: 300 }), fc.double(), fc.boolean(), fc.constant(null));
  const cells = fc.record(
    Object.fromEntries(Object.entries(CELLS).map(([name, value]) => [name, fc.oneof(cell, fc.constant(value))])),
  );
  const row = fc.record({ key: fc.string({ minLength: 1, maxLength: 3 }), cells });
  const message = fc.record({
    type: fc.constant("rows"),
    table: fc.constantFrom("flows", "links", "other"),
    reset: fc.boolean(),
    rows: fc.array(row, { maxLength: 5 }),
    removed: fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(message, (untrusted) => {
      const parsed = fromProgram.safeParse(untrusted);
      if (!parsed.success || parsed.data.type === "result") return;
      filter.emit("report", parsed.data);
      for (const flow of flows.all) {
        const { bytesIn, bytesOut, rateIn, rateOut } = shownFlow(flow, now);
        expect([bytesIn, bytesOut, rateIn, rateOut].every((one) => Number.isFinite(one) && one >= 0)).toBe(true);
      }
    }),
  );
});

it("has room for 20,000, of which refused ones go last", () => {
  const many = (from: number, cells: Partial<FlowCells>): void =>
    says(Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`${from + at}`, cells])));
  many(0, DENIED);
  many(10_000, { state: "closed" });
  says({ new: {} });
  const all = flows.all;
  expect([all.length, all.filter(({ cells }) => cells.verdict === "deny").length]).toEqual([19_001, 10_000]);
});

describe("the kernel's counters", () => {
  const links = (bytesIn: number, packetsDenied = 0, key = "link-1"): void =>
    filter.emit("report", {
      ...{ type: "rows", table: "links", reset: false, removed: [] },
      rows: [{ key, cells: { bytesIn, bytesOut: 0, packetsDenied } }],
    });

  it("make a chart of a minute", () => {
    for (let at = 0; at <= 70; at += 1) {
      links(at * 1_000, at);
      now += 1_000;
    }
    const [traffic] = flows.traffic;
    expect([traffic?.vmId, traffic?.chartIn, traffic?.packetsDenied]).toEqual([WEB, Array(60).fill(1_000), 70]);
  });

  it("of two messages at once are one sample, and of no link are none", () => {
    links(0);
    now += 10;
    links(1_000, 3);
    links(1_000, 3, "link-9");
    expect(flows.traffic).toEqual([{ vmId: WEB, chartOut: [], chartIn: [], packetsDenied: 3 }]);
  });
});

describe("the history", () => {
  let folder: string;
  beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-flows-"))));
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));
  const everything = { sinceS: 86_400, words: [], verdict: null };

  it("has each that ended once, newest first, found by words and verdict", async () => {
    const history = new FlowHistory(folder);
    history.keep(flows);
    says({ a: {}, b: DENIED });
    now += 5_000;
    says({ a: { state: "closed", bytesIn: 7_000 } });
    says({ a: { state: "closed" } });
    const { flows: found, total } = await history.read(everything, 10, now);
    expect([total, found.map(({ name, verdict, endedMs, ageS }) => [name, verdict, endedMs, ageS])]).toEqual([
      2,
      [
        ["good.example", "allow", now, 7],
        ["bad.example", "deny", now - 5_000, 2],
      ],
    ]);
    const named = async (filter: object) =>
      (await new FlowHistory(folder).read({ ...everything, ...filter }, 10, now)).flows.map(({ name }) => name);
    expect(await named({ words: ["web", "bad"] })).toEqual(["bad.example"]);
    expect(await named({ words: ["nothing"] })).toEqual([]);
    expect(await named({ verdict: "allow" })).toEqual(["good.example"]);
    expect(await named({ sinceS: 4 })).toEqual(["good.example"]);
  });

  it("says how often something was refused, in a line a minute at most", async () => {
    const history = new FlowHistory(folder);
    history.keep(flows);
    const counts = async (): Promise<number[]> =>
      (await history.read(everything, 100, now)).flows.map(({ count }) => count);
    const start = now;
    for (let count = 1; count <= 150; count += 1) {
      now = start + count * 1_000;
      says({ b: { ...DENIED, count } });
    }
    // Those of the last minute are not kept back from who looks.
    expect(await counts()).toEqual([29, 60, 60, 1]);
    says({ b: { ...DENIED, count: 160 } });
    now += 600_001;
    expect([flows.all, await counts()]).toEqual([[], [10, 29, 60, 60, 1]]);
    // A connection has one line, however often it is told.
    says({ a: { state: "closed" } });
    says({ a: { state: "closed" } });
    expect(await counts()).toEqual([1, 10, 29, 60, 60, 1]);
  });

  it("has those of the newest time, though what was refused again is written after what has ended since", async () => {
    const history = new FlowHistory(folder);
    history.keep(flows);
    says({ b: DENIED });
    now += 1_000;
    says({ b: { ...DENIED, count: 4 } });
    for (const key of ["c", "d", "e", "f"]) {
      now += 1_000;
      says({ [key]: { state: "closed", name: `${key}.example` } });
    }
    const named = async (limit: number): Promise<(string | null)[]> =>
      (await history.read(everything, limit, now)).flows.map(({ name }) => name);
    expect(await named(10)).toEqual([
      ...["f.example", "e.example", "d.example", "c.example", "bad.example", "bad.example"],
    ]);
    expect(await named(2)).toEqual(["f.example", "e.example"]);
  });

  it("is bounded, and goes on after a line that was cut", async () => {
    const history = new FlowHistory(folder, { maxPartBytes: 1_000 });
    history.keep(flows);
    for (let at = 0; at < 30; at += 1) {
      says({ [`${at}`]: { ...DENIED, name: `n${at}.example` } });
      await history.flush();
    }
    const files = fs.readdirSync(folder).sort();
    expect(files).toEqual(["flows-1.jsonl", "flows-2.jsonl", "flows-3.jsonl", "flows.jsonl"]);
    fs.appendFileSync(path.join(folder, "flows.jsonl"), '{"half\n');
    const { flows: found, total } = await history.read(everything, 3, now);
    expect(found.map(({ name }) => name)).toEqual(["n29.example", "n28.example", "n27.example"]);
    expect(total).toBeLessThan(30);
  });
});

it("knows what VMs have open: connections of TCP that pass, with both ends", () => {
  says({
    a: {},
    b: { protocol: "udp" },
    c: { verdict: "deny" },
    d: { state: "closed" },
    e: { sourcePort: null },
    f: { address: "no address" },
    g: { address: "fe80::1%eth0" },
    h: { address: "2001:2::1", sourcePort: 40_001 },
  });
  const a = { link: "link-1", sourcePort: 40_000, address: "198.18.0.1", port: 443 };
  expect(flows.openConnections).toEqual([a, { ...a, sourcePort: 40_001, address: "2001:2::1" }]);
  says(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`more${at}`, { sourcePort: at }])));
  expect([flows.openConnections.length, flows.openConnections.at(-1)?.sourcePort]).toEqual([1_000, 999]);
});
