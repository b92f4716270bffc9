import { beforeEach, describe, expect, it } from "vitest";
import { DrawShares } from "./draw-shares.ts";

let shares: DrawShares<string>;
beforeEach(() => void (shares = new DrawShares()));

/** Who draws, while all of them always have something to draw that takes so long; until so much time has passed. */
function drawn(
  costsMs: Readonly<Record<string, number>>,
  untilMs: number,
): Record<string, { frames: number; ms: number }> {
  const waiting = new Set(Object.keys(costsMs));
  const result = Object.fromEntries([...waiting].map((name) => [name, { frames: 0, ms: 0 }]));
  for (let nowMs = 0; nowMs < untilMs;) {
    const next = shares.next(waiting) ?? expect.fail("somebody waits");
    const costMs = costsMs[next] ?? 0;
    const entry = result[next] ?? expect.fail(next);
    entry.frames += 1;
    entry.ms += Math.max(1, costMs);
    nowMs += Math.max(1, costMs);
    shares.spent(next, costMs);
  }
  return result;
}

describe("VMs that always have something to draw", () => {
  it("have their turns one after the other where their frames are small", () => {
    const order: string[] = [];
    for (let count = 0; count < 6; count += 1) {
      const next = shares.next(new Set(["a", "b", "c"])) ?? "";
      order.push(next);
      shares.spent(next, 0.1);
    }
    expect(order.join("")).toBe("abcabc");
  });

  it.each([[{ large: 10, small: 1 }], [{ large: 150, small: 2 }], [{ one: 7, two: 7 }], [{ a: 40, b: 3, c: 1 }]])(
    "have equal time, whatever a frame of each takes: %o",
    (costsMs) => {
      const result = Object.values(drawn(costsMs, 12_000));
      for (const { ms } of result) expect(ms / 12_000).toBeGreaterThan(0.95 / result.length - 0.02);
    },
  );
});

it("nobody waits: nobody's turn", () => {
  expect(shares.next(new Set())).toBeUndefined();
});

it("a VM alone draws, whatever it has used", () => {
  shares.spent("a", 1_000);
  expect(shares.isInDebt("a")).toBe(true);
  expect(shares.next(new Set(["a"]))).toBe("a");
});

it("a VM does not save up what it does not use", () => {
  const only = new Set(["a"]);
  for (let count = 0; count < 1_000; count += 1) shares.refreshed(only);
  const result = drawn({ a: 5, b: 5 }, 1_000);
  expect(Math.abs((result["a"]?.frames ?? 0) - (result["b"]?.frames ?? 0))).toBeLessThanOrEqual(1);
});

it("what a VM had too much of is forgotten with time, not when it stops for a moment", () => {
  shares.spent("a", 20);
  for (let count = 0; count < 10; count += 1) shares.refreshed(new Set());
  expect(shares.isInDebt("a")).toBe(true);
  for (let count = 0; count < 10; count += 1) shares.refreshed(new Set());
  expect(shares.isInDebt("a")).toBe(false);
});

it("what the desktop does for a VM counts too", () => {
  shares.next(new Set(["a", "b"]));
  shares.spent("a", 5);
  const order: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    const next = shares.next(new Set(["a", "b"])) ?? "";
    order.push(next);
    shares.spent(next, 1);
  }
  expect(order.join("")).toBe("bbbb");
});
