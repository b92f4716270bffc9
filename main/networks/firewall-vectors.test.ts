/** The golden vectors of what Atoll and the firewall's program say to each other: agents/netfilter/src/vectors.rs runs them, too. */
import { describe, expect, it } from "vitest";
import {
  ALERT_EVENT,
  alertData,
  BUILTIN_RULES,
  type FirewallRule,
  type FirewallState,
  type FirewallTarget,
  flowCells,
  linkCells,
  SCANNER_EVENT,
  scannerData,
} from "#shared/model/firewall.ts";
import vectors from "#shared/model/firewall-vectors.json" with { type: "json" };
import {
  MAX_CELL_CHARACTERS,
  MAX_PROBLEMS,
  MAX_ROWS_AT_ONCE,
  MAX_FROM_PROGRAM_BYTES,
  MAX_SENTENCE_CHARACTERS,
  MAX_TO_PROGRAM_BYTES,
  fromProgram,
} from "#shared/model/service-messages.ts";
import { settingProblem } from "#shared/model/service.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Destination, VmParty, VmPlace } from "../policy/crossing.ts";
import { addressesIn } from "../policy/destination.ts";
import { evaluate } from "../policy/evaluate.ts";
import { readPolicy } from "../policy/policy-file.ts";
import { builtIns } from "../services/built-ins.ts";
import { compileRules } from "./compile-rules.ts";
import { namesIn } from "./private-names.ts";

/** As the firewall is told it in the vectors. */
const state: FirewallState = {
  ...vectors.state,
  links: vectors.state.links.map((link) => ({ ...link, rules: { ...link.rules, rules: link.rules.rules.map(rule) } })),
};

function rule({
  decision,
  to,
  protocol,
  onlyRunning = false,
  ...others
}: (typeof vectors.state.links)[0]["rules"]["rules"][0]): FirewallRule {
  return {
    ...others,
    decision: decision as FirewallRule["decision"],
    to: to as FirewallTarget,
    protocol: protocol as FirewallRule["protocol"],
    ...(onlyRunning ? { onlyRunning } : {}),
  };
}

const web: VmParty = { kind: "vm", id: "web" as VmId, name: "web", label: "coral", role: "app", template: "debian" };
const printer: VmParty = { ...web, id: "printer" as VmId, name: "printer" };
const given = {
  now: Date.parse("2026-11-28T12:00:00Z"),
  boundTo: (name: string) => (name === "printer" ? printer.id : web.id),
  hasScanner: () => true,
  isNear: addressesIn(["8.8.4.0/24", "198.19.7.7/24", "2001:2:0:7::7/64"]),
  addressesOf: (id: VmId) => (id === printer.id ? ["10.137.0.10", "fd00:137:2::2"] : []),
};

/** `PROTOCOL [NAME=]ADDRESS PORT`. The policy knows another VM by its name, the firewall by its address. */
function destinationOf(text: string): Destination | VmPlace {
  const [protocol = "", place = "", port] = text.split(" ");
  const [address = "", name = null] = place.split("=").toReversed();
  const ports = { port: Number(port), protocol: protocol as "tcp" | "udp" };
  if (given.addressesOf(printer.id as VmId).includes(address)) return { kind: "vm-place", vm: printer, ...ports };
  return { kind: "destination", name, address, ...ports };
}

describe.each(vectors.decisions)("rules $policy", ({ policy, rules, connections }) => {
  const lines = policy.map((line) => {
    const [to, decision] = line.split(" ");
    return `  - { action: net.connect, from: web, to: "${to}", decision: ${decision} }\n`;
  });
  const read = readPolicy(`rules:${lines.length === 0 ? " []" : ""}\n${lines.join("")}`, "/policy.yaml");
  if (!read.ok) throw new Error(read.problem.reason);
  const all = read.value.rules;

  it("are told as they are", () => {
    const placeOf = () => ({ link: "link-2", name: "printer" });
    const told = compileRules(all, web, { ...given, placeOf }).rules.map(({ decision, to, port, protocol }) => ({
      ...{ decision, to, port, protocol },
    }));
    expect(told).toEqual(rules);
  });

  it.each(connections)("decide of %s: %s", (to, outcome) => {
    const destination = destinationOf(to);
    const {
      decision,
      rule: own,
      refusal,
    } = evaluate(all, { action: "net.connect", from: web, to: destination, type: null, bytes: null }, given);
    const builtin = refusal === null ? "default-deny" : refusal;
    expect(`${decision} ${own === null ? `builtin:${builtin}` : all.indexOf(own)}`).toBe(outcome);
  });
});

it("settings are taken that the program can read, and no others", () => {
  const firewall = builtIns(() => "/nonexistent").find(({ manifest }) => manifest.name === "firewall");
  const { dns, privateAnswers } = vectors.settings;
  const isTaken = (key: string, text: string): boolean => {
    const schema = firewall?.manifest.settings[key];
    if (schema === undefined) throw new Error(key);
    return settingProblem(schema, [text]) === null;
  };
  expect(dns.taken.filter((text) => !isTaken("dns", text))).toEqual([]);
  expect(dns.refused.filter((text) => isTaken("dns", text))).toEqual([]);
  for (const [text, told] of Object.entries(privateAnswers.taken))
    expect([isTaken("privateAnswers", text), namesIn([text])]).toEqual([true, [told]]);
  expect(privateAnswers.refused.filter((text) => isTaken("privateAnswers", text))).toEqual([]);
});

it("the state has exactly the fields of the model", () => {
  expect(Object.keys(state).sort()).toEqual([
    "dns",
    "links",
    "lost",
    "notInternet",
    "privateNames",
    "scanRules",
    "uplink",
  ] satisfies (keyof FirewallState)[]);
});

it("rows are taken as the program makes them", () => {
  const { flow, hidden, refusal, link } = vectors.rows;
  for (const { cells } of [flow, hidden, refusal]) expect(flowCells.parse(cells)).toEqual(cells);
  expect(linkCells.parse(link.cells)).toEqual(link.cells);
  const said = { type: "rows", table: "flows", reset: true, rows: [flow, hidden, refusal, link], removed: ["c2"] };
  expect(fromProgram.parse(said)).toEqual(said);
});

it("events are taken as the program makes them", () => {
  const { works, fails, dropped, seen } = vectors.events;
  for (const event of [works, fails, dropped, seen]) {
    const said = { type: "event", ...event };
    expect(fromProgram.parse(said)).toEqual(said);
    const data = event.name === SCANNER_EVENT ? scannerData : alertData;
    expect(data.parse(event.data)).toEqual(event.data);
  }
  expect([works, fails, dropped, seen].map(({ name }) => name)).toEqual([
    ...[SCANNER_EVENT, SCANNER_EVENT],
    ...[ALERT_EVENT, ALERT_EVENT],
  ]);
});

it("limits and the names of rules that no line is of are the same on both sides", () => {
  expect(vectors.limits).toEqual({
    toProgramBytes: MAX_TO_PROGRAM_BYTES,
    fromProgramBytes: MAX_FROM_PROGRAM_BYTES,
    rowsAtOnce: MAX_ROWS_AT_ONCE,
    cellCharacters: MAX_CELL_CHARACTERS,
    problems: MAX_PROBLEMS,
    sentence: MAX_SENTENCE_CHARACTERS,
  });
  expect(vectors.builtins.toSorted()).toEqual(Object.keys(BUILTIN_RULES).toSorted());
});
