import { beforeEach, expect, it } from "vitest";
import { LongTurns } from "./long-turns.ts";

let turns: LongTurns<string>;
beforeEach(() => void (turns = new LongTurns()));

function late(count: number): void {
  for (let refresh = 0; refresh < count; refresh += 1) turns.refreshed(true);
}

it("nobody rests while refreshes are in time, whatever a turn takes", () => {
  turns.refreshed(false);
  expect(turns.took("flood", 500, 1_000)).toBe(true);
  expect(turns.waitMs("flood", 1_000)).toBe(0);
});

it("the more refreshes are late, the longer a VM rests after a long turn: nine times as long at most", () => {
  const rests = [1, 2, 4, 8, 9, 9].map((_, at) => {
    turns.refreshed(true);
    turns.took("flood", 10, at * 1_000);
    return turns.waitMs("flood", at * 1_000);
  });
  expect(rests).toEqual([10, 20, 40, 80, 90, 90]);
  expect(turns.waitMs("flood", 5_060)).toBe(30);
  expect(turns.waitMs("flood", 6_000)).toBe(0);
});

it("a VM whose turns are short does not rest, nor does one for what another has taken", () => {
  late(5);
  expect(turns.took("small", 1.9, 1_000)).toBe(false);
  turns.took("flood", 10, 1_000);
  expect(turns.waitMs("small", 1_000)).toBe(0);
});

it("whatever its turn took, a VM has another one within 300 ms", () => {
  late(5);
  turns.took("flood", 5_000, 1_000);
  expect(turns.waitMs("flood", 1_000)).toBe(300);
});

it("rests become shorter while refreshes are in time, and end", () => {
  late(5);
  let before = 90;
  for (let refresh = 0; refresh < 42; refresh += 1) {
    turns.refreshed(false);
    turns.took("flood", 10, 1_000);
    expect(turns.waitMs("flood", 1_000)).toBeLessThan(before);
    before = turns.waitMs("flood", 1_000);
  }
  expect(before).toBeGreaterThan(10);
  turns.refreshed(false);
  turns.took("flood", 10, 1_000);
  expect(turns.waitMs("flood", 1_000)).toBe(0);
});

it("a VM that is forgotten does not rest", () => {
  late(1);
  turns.took("flood", 10, 1_000);
  turns.forget("flood");
  expect(turns.waitMs("flood", 1_000)).toBe(0);
});
