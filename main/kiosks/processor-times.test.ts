import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_STAT_BYTES, processorTimes, wereIdle } from "./processor-times.ts";

const STAT = `cpu  200 0 60 1430 116 0 52 0 0 0
cpu0 100 0 25 1400 16 0 26 0 0 0
cpu1 100 0 35 30 100 0 26 0 7 0
intr 37381 290 9 0
ctxt 99
`;
const times = (text: string) => processorTimes(Buffer.from(text));
/** Of a guest whose processors had so many ticks to do, of 100 each. */
const after = (...busy: number[]) => {
  const lines = busy.map((ticks, number) => `cpu${number} ${ticks} 0 0 ${100 - ticks} 0 0 0 0 0 0\n`);
  return times(`cpu  0 0 0 0 0 0 0 0 0 0\n${lines.join("")}`);
};
const start = (processors: number) => ({ processors, all: 0, idle: 0 });

describe("processorTimes", () => {
  it("adds up what each processor did, and counts no time of its own guests twice", () => {
    expect(times(STAT)).toEqual({ processors: 2, all: 1_567 + 291, idle: 1_430 });
  });

  it("reads a text that was cut after the lines of processors", () => {
    expect(times(STAT.slice(0, STAT.indexOf("ctxt") + 2))?.processors).toBe(2);
  });

  it.each([
    ["nothing", ""],
    ["no processor", "cpu  1 2 3 4 5 6 7 8\nintr 1\n"],
    ["a word in the place of a number", STAT.replace("1400", "many")],
    ["a number below zero", STAT.replace("1400", "-1")],
    ["a number that no clock has", STAT.replace("1400", "1".repeat(13))],
    ["too few numbers", "cpu \ncpu0 1 2 3 4\n"],
    ["more processors than there are", `cpu \n${"cpu0 1 2 3 4 5 6 7 8\n".repeat(129)}`],
    ["more bytes than were asked for", STAT.padEnd(MAX_STAT_BYTES + 1, " ")],
  ])("reads nothing from %s", (_what, text) => {
    expect(times(text)).toBeNull();
  });

  it("gives exact numbers or null, whatever a guest says", () => {
    const line = fc.stringMatching(/^cpu\d{0,5}( {1,2}\d{1,14}){0,17}$/);
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 200 }), (lines) => {
        const read = times(lines.join("\n"));
        if (read === null) return;
        expect(Number.isSafeInteger(read.all) && Number.isSafeInteger(read.idle)).toBe(true);
        expect(read.idle).toBeLessThanOrEqual(read.all);
        expect(wereIdle(read, read)).toBe(false);
      }),
    );
  });
});

describe("wereIdle", () => {
  it("is so where next to nothing was done, by all processors together", () => {
    expect(wereIdle(start(1), after(25))).toBe(true);
    expect(wereIdle(start(1), after(26))).toBe(false);
    expect(wereIdle(start(2), after(13, 12))).toBe(true);
  });

  it("is not so where one program uses one of many processors, or goes from one to the next", () => {
    expect(wereIdle(start(8), after(100, 0, 0, 0, 0, 0, 0, 0))).toBe(false);
    expect(wereIdle(start(8), after(13, 12, 13, 12, 13, 12, 13, 12))).toBe(false);
  });

  it("is not so where a disk is waited for", () => {
    expect(wereIdle(start(1), times("cpu \ncpu0 0 0 0 50 50 0 0 0\n"))).toBe(false);
  });

  it("is not so where nothing is known, no time went by, or its clock went back", () => {
    const later = after(0);
    expect(wereIdle(null, later)).toBe(false);
    expect(wereIdle(start(1), null)).toBe(false);
    expect(wereIdle(later, later)).toBe(false);
    expect(wereIdle(later, start(1))).toBe(false);
    expect(wereIdle(start(2), later)).toBe(false);
  });
});
