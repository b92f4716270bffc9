/** What differs between two texts, line by line, as it is shown: both are a guest's words. Pure. */
import { diffLines } from "diff";

export type ChangeRow =
  | { kind: "same" | "removed" | "added"; text: string }
  /** So many lines are the same and not shown. */
  | { kind: "skipped"; lines: number };

/** Lines that are the same, before and after each change. */
const CONTEXT = 3;
const MAX_ROWS = 2_000;
/** Of one line, characters that are shown. */
const MAX_LINE = 500;
/** Lines that may differ, and how long it may take to find them: a guest could make texts for which that takes hours. */
const BOUNDS = { maxEditLength: 4_000, timeout: 1_000 } as const;

/** null: they differ too much for that. `isCut`: there is more. */
export function textChanges(before: string, after: string): { rows: ChangeRow[]; isCut: boolean } | null {
  const changes = diffLines(before, after, BOUNDS);
  if (changes === undefined) return null;
  const rows = changes.flatMap(({ value, added, removed }, at): ChangeRow[] => {
    const lines = linesOf(value);
    if (added) return lines.map((text) => ({ kind: "added", text }));
    if (removed) return lines.map((text) => ({ kind: "removed", text }));
    const head = at === 0 ? 0 : CONTEXT;
    const tail = at === changes.length - 1 ? 0 : CONTEXT;
    return withoutMiddle(lines, head, tail);
  });
  return { rows: rows.slice(0, MAX_ROWS), isCut: rows.length > MAX_ROWS };
}

function withoutMiddle(lines: readonly string[], head: number, tail: number): ChangeRow[] {
  const same = (text: string): ChangeRow => ({ kind: "same", text });
  const skipped = lines.length - head - tail;
  // One line is shorter than what would be said of it.
  if (skipped <= 1) return lines.map(same);
  return [
    ...lines.slice(0, head).map(same),
    { kind: "skipped", lines: skipped },
    ...lines.slice(lines.length - tail).map(same),
  ];
}

function linesOf(value: string): string[] {
  const lines = value.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line));
}
