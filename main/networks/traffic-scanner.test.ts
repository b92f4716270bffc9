import { beforeEach, expect, it } from "vitest";
import type { Row } from "#shared/model/service-messages.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import type { FirewallFilterEvents } from "./firewall-filter.ts";
import { TrafficScanner } from "./traffic-scanner.ts";

class Filter extends Emitter<FirewallFilterEvents> {
  vmOf(link: string): VmId | null {
    return link === "link-1" ? ("vm-web" as VmId) : null;
  }
}

const DATA: Row = {
  ...{ link: "link-1", name: "bad.example", address: "198.18.0.1", port: 80, direction: "in" },
  ...{ signature: "EICAR", severity: 1, action: "dropped" },
};

let filter: Filter;
let rules: { problem: string };
let scanner: TrafficScanner;
let changes: number;

beforeEach(() => {
  filter = new Filter();
  rules = { problem: "" };
  scanner = new TrafficScanner({
    ...{ filter, rules, nameOf: (vm) => (vm === "vm-web" ? "web" : null) },
    vmNameAt: (address) => (address === "10.137.0.10" ? "printer" : null),
  });
  changes = 0;
  scanner.on("changed", () => (changes += 1));
});

const says = (name: string, data: Row): void => filter.emit("report", { type: "event", name, data });

it("keeps the newest alerts, whose words are escaped", () => {
  for (let at = 0; at < 1_001; at += 1) says("alert", { ...DATA, severity: at % 256 });
  says("alert", { ...DATA, signature: "a\u202eb", name: null });
  const all = scanner.since(null);
  expect(all.length).toBe(1_000);
  expect(all[0]).toMatchObject({ vm: "web", name: null, toVm: null, signature: "a\\u{202e}b", action: "dropped" });
  expect(scanner.newest(2)).toEqual(all.slice(0, 2));
  expect(scanner.since(-1)).toEqual([]);
});

it("says which VM is at the other end", () => {
  says("alert", { ...DATA, name: null, address: "10.137.0.10" });
  says("alert", { ...DATA, name: null, address: null });
  expect(scanner.since(null).map(({ toVm }) => toVm)).toEqual([null, "printer"]);
});

it.each<[what: string, change: Row]>([
  ["a link that is not there", { link: "link-2" }],
  ["no port", { port: 70_000 }],
  ["another action", { action: "passed" }],
  ["another direction", { direction: "up" }],
  ["a long signature", { signature: "x".repeat(201) }],
  ["no severity", { severity: null }],
  ["more than it has", { more: 1 }],
])("leaves out what has %s", (_, change) => {
  says("alert", { ...DATA, ...change });
  expect(scanner.since(null)).toEqual([]);
});

it("says how the scanner is, and whether what wants a scan can have one", () => {
  expect([scanner.view, scanner.works]).toEqual([{ state: "off", detail: "" }, true]);
  for (const [state, works] of [
    ["starting", false],
    ["ready", true],
    ["failing", false],
  ] as const) {
    says("scanner", { state, detail: "" });
    expect([scanner.view.state, scanner.works]).toEqual([state, works]);
  }
  says("scanner", { state: "perhaps", detail: "" });
  says("scanner", { state: "failing", detail: "a\u202eb" });
  rules.problem = "too many rules.";
  expect(scanner.view).toEqual({ state: "failing", detail: "too many rules. a\\u{202e}b" });
  filter.emit("gone");
  expect([scanner.view.state, changes]).toEqual(["off", 5]);
});
