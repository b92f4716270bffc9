import { describe, expect, it } from "vitest";
import { textChanges } from "./text-changes.ts";

const numbered = (count: number): string => Array.from({ length: count }, (_, at) => `${at}\n`).join("");

describe("what differs between two texts", () => {
  it("is shown with a few lines around it, and the rest is counted", () => {
    const before = numbered(20);
    expect(textChanges(before, before.replace("\n10\n", "\nten\nand a half\n"))).toEqual({
      rows: [
        { kind: "skipped", lines: 7 },
        ...[7, 8, 9].map((line) => ({ kind: "same", text: String(line) })),
        { kind: "removed", text: "10" },
        { kind: "added", text: "ten" },
        { kind: "added", text: "and a half" },
        ...[11, 12, 13].map((line) => ({ kind: "same", text: String(line) })),
        { kind: "skipped", lines: 6 },
      ],
      isCut: false,
    });
  });

  it("may be nothing, or all", () => {
    expect(textChanges("a\n", "a\n")?.rows).toEqual([{ kind: "same", text: "a" }]);
    expect(textChanges("", "a\nb")?.rows).toEqual([
      { kind: "added", text: "a" },
      { kind: "added", text: "b" },
    ]);
    expect(textChanges("", "")?.rows).toEqual([]);
  });

  it("has bounds: rows, the length of a line, and how much may differ", () => {
    const many = textChanges("", numbered(3_000));
    expect([many?.rows.length, many?.isCut]).toEqual([2_000, true]);
    expect(textChanges("", "x".repeat(600))?.rows).toEqual([{ kind: "added", text: `${"x".repeat(500)}…` }]);
    const other = Array.from({ length: 3_000 }, (_, at) => `other ${at}\n`).join("");
    expect(textChanges(numbered(3_000), other)).toBeNull();
  });
});
