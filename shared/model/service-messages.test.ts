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

it("data of an event have as many columns as a row", () => {
  const event = (count: number): unknown => ({ type: "event", name: "alert", data: columns(count) });
  expect(isTaken(event(MAX_COLUMNS))).toBe(true);
  expect(isTaken(event(MAX_COLUMNS + 1))).toBe(false);
});
