import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StreamReport } from "./stream-report.ts";

let told: string[];
let report: StreamReport;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  report = new StreamReport({
    data: (stream, bytes) => told.push(`${stream}: ${Buffer.from(bytes).toString("latin1")}`),
    taken: (stream, bytes) => told.push(`${stream} took ${bytes}`),
  });
});
afterEach(() => void vi.useRealTimers());

const write = (stream: number, text: string): void => report.data(stream, Buffer.from(text));

describe("what a guest writes", () => {
  it("is told at once after a rest, and in one piece what follows closely", () => {
    write(1, "a");
    expect(told).toEqual(["1: a"]);
    for (const letter of "bcd") write(1, letter);
    expect(told).toEqual(["1: a"]);
    vi.advanceTimersByTime(10);
    expect(told).toEqual(["1: a", "1: bcd"]);
    vi.advanceTimersByTime(10);
    write(1, "e");
    expect(told.at(-1)).toBe("1: e");
  });

  it("keeps its order among streams", () => {
    for (const [stream, text] of [
      [1, "a"],
      [2, "b"],
      [2, "c"],
      [1, "d"],
      [2, "e"],
    ] as const)
      write(stream, text);
    report.flush();
    expect(told).toEqual(["1: a", "2: bc", "1: d", "2: e"]);
  });

  it("waits for nothing where there is much of it", () => {
    write(1, "a");
    write(1, "x".repeat(64 * 1024));
    expect(told).toHaveLength(2);
  });

  it("makes few events, however small its pieces are", () => {
    // 10 bytes in each millisecond of a second.
    for (let ms = 0; ms < 1_000; ms += 1) {
      for (let count = 0; count < 10; count += 1) write(1, "x");
      vi.advanceTimersByTime(1);
    }
    report.end();
    expect(told.length).toBeLessThan(300);
    expect(told.map((event) => event.slice(3)).join("")).toBe("x".repeat(10_000));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("makes few events, however often its streams alternate, each in order", () => {
    for (let ms = 0; ms < 1_000; ms += 1) {
      for (let count = 0; count < 10; count += 1) {
        write(1, String(count));
        write(2, String(count));
      }
      vi.advanceTimersByTime(1);
    }
    report.end();
    expect(told.length).toBeLessThan(2_500);
    for (const stream of ["1: ", "2: "])
      expect(
        told
          .filter((event) => event.startsWith(stream))
          .map((event) => event.slice(3))
          .join(""),
      ).toBe("0123456789".repeat(1_000));
  });
});

it("what a guest reads byte by byte is summed up", () => {
  for (let count = 0; count < 100; count += 1) report.taken(3, 1);
  report.end();
  expect(told).toEqual(["3 took 1", "3 took 99"]);
});
