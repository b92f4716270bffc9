import { describe, expect, it } from "vitest";
import { fromProgram, MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS_AT_ONCE } from "./service-messages.ts";

const columns = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, at]));
const rows = (cells: unknown, count = 1): unknown => ({
  type: "rows",
  table: "flows",
  rows: Array.from({ length: count }, (_, at) => ({ key: `${at}`, cells })),
});
const isTaken = (message: unknown): boolean => fromProgram.safeParse(message).success;

describe("rows of a program", () => {
  it.each([
    ["columns", rows(columns(MAX_COLUMNS)), rows(columns(MAX_COLUMNS + 1))],
    ["rows", rows({}, MAX_ROWS_AT_ONCE), rows({}, MAX_ROWS_AT_ONCE + 1)],
    ["characters", rows({ a: "x".repeat(MAX_CELL_CHARACTERS) }), rows({ a: "x".repeat(MAX_CELL_CHARACTERS + 1) })],
  ])("have so many %s, and not one more", (_what, most, more) => {
    expect(isTaken(most)).toBe(true);
    expect(isTaken(more)).toBe(false);
  });
});

it.each([
  ["an array", "[]"],
  ["nothing", "null"],
  ["a text", '"a"'],
  ["a cell that has cells", '{"a": {}}'],
  ["a cell that is an array", '{"a": []}'],
  ["a number without an end", '{"a": 1e999}'],
  ["a column in capitals", '{"A": 1}'],
  ["a column of the language's own", '{"__proto__": 1}'],
  ["a column without a name", '{"": 1}'],
  ["a long column", `{"${"a".repeat(32)}": 1}`],
])("a row is not %s", (_what, cells) => {
  expect(isTaken(rows(JSON.parse(cells)))).toBe(false);
});

it("a row's cells are what was said, without a copy", () => {
  const cells = { text: "a", number: -0.5, yes: true, none: null };
  const read = fromProgram.parse(rows(cells));
  expect(read.type === "rows" && read.rows[0]?.cells).toBe(cells);
});

it("data of an event have as many columns as a row", () => {
  const event = (count: number): unknown => ({ type: "event", name: "alert", data: columns(count) });
  expect(isTaken(event(MAX_COLUMNS))).toBe(true);
  expect(isTaken(event(MAX_COLUMNS + 1))).toBe(false);
});
