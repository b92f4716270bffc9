import { expect, it } from "vitest";
import type { LabelName } from "#shared/model/label.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";
import { type Line, linesOf, type Matrix, type MatrixCell, type MatrixParty, squareAt } from "./matrix-model.ts";

const vm = (name: string, label: LabelName | null): MatrixParty => ({
  word: name,
  party: { kind: "vm", id: name as VmId, name, label, role: "app" },
  fixed: null,
});
const HOST: MatrixParty = { word: "@host", party: { kind: "host" }, fixed: null };
const NINE = [
  ...["a", "b", "c", "d"].map((name) => vm(name, "lagoon")),
  vm("alone", "rose"),
  vm("gone", null),
  ...["e", "f", "g"].map((name) => vm(name, "coral")),
  HOST,
];
const keys = (lines: readonly Line[]): string[] => lines.map(({ key }) => key);

it("up to eight VMs have a line each; nine are grouped by label, where there is more than one of a label", () => {
  expect(keys(linesOf([...NINE.slice(0, 8), HOST], new Set()))).toEqual([
    "a",
    "b",
    "c",
    "d",
    "alone",
    "gone",
    "e",
    "f",
    "@host",
  ]);
  const lines = linesOf(NINE, new Set());
  expect(keys(lines)).toEqual(["@label:lagoon", "alone", "gone", "@label:coral", "@host"]);
  expect(lines[0]).toMatchObject({ kind: "group", count: 4, at: [0, 1, 2, 3] });
});

it("a group that is opened shows its VMs, in their places", () => {
  expect(keys(linesOf(NINE, new Set(["coral"])))).toEqual(["@label:lagoon", "alone", "gone", "e", "f", "g", "@host"]);
});

it("a group's square says what all its pairs have in common, a VM's with itself left out", () => {
  const cell = (decision: PolicyDecision): MatrixCell => ({
    ...{ decision, rule: null, explanation: "", isOwn: false, asksEachTime: false, until: null },
  });
  const cells = NINE.map((from, r) =>
    NINE.map((to, c) => (r === c ? null : cell(from.word === "a" && to.word === "e" ? "deny" : "allow"))),
  );
  const matrix: Matrix = { rows: NINE, columns: NINE, cells };
  const [lagoon, alone, , coral, host] = linesOf(NINE, new Set()) as [Line, Line, Line, Line, Line];
  expect(squareAt(matrix, lagoon, lagoon)).toEqual({ kind: "group", decision: "allow" });
  expect(squareAt(matrix, lagoon, coral)).toEqual({ kind: "group", decision: null });
  expect(squareAt(matrix, alone, alone)).toEqual({ kind: "inside" });
  expect(squareAt(matrix, alone, host)).toEqual({ kind: "cell", cell: cell("allow") });
});
