/** The matrix of the policy as it is drawn: VMs one by one, or, where there are many, by their labels. Pure. */
import type { RequestOutput } from "#shared/ipc/index.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";

export type Matrix = RequestOutput<"policy.matrix">;
export type MatrixParty = Matrix["rows"][number];
export type MatrixCell = NonNullable<Matrix["cells"][number][number]>;

/** A cell, by the words of its parties. */
export interface Pair {
  from: string;
  to: string;
}

/** From so many VMs on they are grouped by label. */
export const GROUPED_FROM = 9;

/** A row or column: one party, or all VMs of a label. */
export type Line =
  | { kind: "party"; key: string; party: MatrixParty; at: number }
  | { kind: "group"; key: string; label: LabelName; count: number; at: readonly number[] };

/** Where a row and a column meet. */
export type Square =
  /** A VM with itself. */
  | { kind: "inside" }
  | { kind: "cell"; cell: MatrixCell }
  /** Pairs of a group with another: what all of them have; null: they differ. */
  | { kind: "group"; decision: PolicyDecision | null };

/** @param open labels whose groups show their VMs */
export function linesOf(parties: readonly MatrixParty[], open: ReadonlySet<LabelName>): Line[] {
  const vms = parties.filter(({ party }) => party.kind === "vm");
  const lines: Line[] = [];
  const groups = new Map<LabelName, number[]>();
  for (const [at, one] of parties.entries()) {
    const label = one.party.kind === "vm" ? one.party.label : null;
    if (vms.length < GROUPED_FROM || label === null || open.has(label)) {
      lines.push({ kind: "party", key: one.word, party: one, at });
      continue;
    }
    const group = groups.get(label);
    if (group !== undefined) {
      group.push(at);
      continue;
    }
    const members = [at];
    groups.set(label, members);
    lines.push({ kind: "group", key: `@label:${label}`, label, count: 0, at: members });
  }
  return lines.map((line) => {
    if (line.kind === "party") return line;
    const [first = 0] = line.at;
    const only = parties[first];
    // A group of one is no group.
    return line.at.length === 1 && only !== undefined
      ? { kind: "party", key: only.word, party: only, at: first }
      : { ...line, count: line.at.length };
  });
}

export function squareAt({ cells }: Matrix, row: Line, column: Line): Square {
  const pairs = indexesOf(row).flatMap((r) => indexesOf(column).flatMap((c) => cells[r]?.[c] ?? []));
  const [first] = pairs;
  if (first === undefined) return { kind: "inside" };
  if (row.kind === "party" && column.kind === "party") return { kind: "cell", cell: first };
  return {
    kind: "group",
    decision: pairs.every(({ decision }) => decision === first.decision) ? first.decision : null,
  };
}

function indexesOf(line: Line): readonly number[] {
  return line.kind === "party" ? [line.at] : line.at;
}
