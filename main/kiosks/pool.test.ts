/** What is kept ready, whatever happens: within the memory, as many of each as are wanted, each used once, and what fails is in nobody's way. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  begun,
  EMPTY_POOL,
  failed,
  filled,
  fitting,
  MAX_RETRY_MS,
  plan,
  type Pool,
  RETRY_MS,
  take,
  type WantedKiosk,
  without,
} from "./pool.ts";

const browser: WantedKiosk = { kiosk: "browser", memoryMiB: 1536 };
const player: WantedKiosk = { kiosk: "player", memoryMiB: 768 };
const remote: WantedKiosk = { kiosk: "remote", memoryMiB: 768 };
const all = [browser, player, remote];

/** With these ready. */
function poolOf(...ready: WantedKiosk[]): Pool {
  return ready.reduce((pool, one) => {
    const next = begun(pool, one);
    return filled(next, next.lastId);
  }, EMPTY_POOL);
}

describe("the plan", () => {
  it("makes one at a time, the first that is missing", () => {
    expect(plan(EMPTY_POOL, all, 4096, 0)).toEqual({ begin: browser, drop: [], againAtMs: null });
    expect(plan(begun(EMPTY_POOL, browser), all, 4096, 0).begin).toBeNull();
    expect(plan(poolOf(browser), all, 4096, 0).begin).toEqual(player);
    expect(plan(poolOf(...all), all, 4096, 0).begin).toBeNull();
  });

  it.each([
    [0, []],
    [767, []],
    [768, [player]],
    [1536, [browser]],
    [2304, [browser, player]],
    [3072, all],
  ])("has those that fit into %i MiB", (limit, fits) => {
    expect(fitting(all, limit)).toEqual(fits);
  });

  it("gives up what has no room any more, is not wanted any more, or has another size, before it makes another one", () => {
    const pool = poolOf(browser, player);
    expect(plan(pool, all, 768, 0)).toMatchObject({ begin: null, drop: [1] });
    expect(plan(pool, [player], 4096, 0)).toMatchObject({ begin: null, drop: [1] });
    expect(plan(pool, [{ ...browser, memoryMiB: 1024 }, player], 4096, 0)).toMatchObject({ begin: null, drop: [1] });
    expect(plan(without(pool, 1), [player, remote], 4096, 0)).toMatchObject({ begin: remote, drop: [] });
  });

  it("has as many of one as it is wanted, and gives up those beyond", () => {
    const two = [player, browser, player];
    expect(plan(poolOf(player), two, 4096, 0)).toMatchObject({ begin: browser, drop: [] });
    expect(plan(poolOf(player, browser), two, 4096, 0)).toMatchObject({ begin: player, drop: [] });
    expect(plan(poolOf(player, browser), two, 2304, 0)).toMatchObject({ begin: null, drop: [] });
    expect(plan(poolOf(player, browser, player), two, 4096, 0)).toMatchObject({ begin: null, drop: [] });
    expect(plan(poolOf(player, player), all, 4096, 0)).toMatchObject({ begin: null, drop: [2] });
  });

  it("gives up one that is being made, too", () => {
    expect(plan(begun(EMPTY_POOL, browser), all, 0, 0).drop).toEqual([1]);
  });

  it("tries what has failed again later, each time after twice as long, and makes the others meanwhile", () => {
    let pool = failed(begun(EMPTY_POOL, browser), 1, "no", 1000);
    expect(plan(pool, [browser, player], 4096, 1000)).toEqual({
      begin: player,
      drop: [],
      againAtMs: 1000 + RETRY_MS,
    });
    expect(plan(pool, [browser], 4096, 1000 + RETRY_MS)).toMatchObject({ begin: browser, againAtMs: null });
    pool = failed(begun(pool, browser), 2, "no", 0);
    expect(plan(pool, [browser], 4096, 0).againAtMs).toBe(2 * RETRY_MS);
    for (let times = 0; times < 40; times += 1) pool = failed(begun(pool, browser), pool.lastId + 1, "no", 0);
    expect(plan(pool, [browser], 4096, 0).againAtMs).toBe(MAX_RETRY_MS);
    const again = begun(pool, browser);
    expect(filled(again, again.lastId).failures.size).toBe(0);
  });
});

it("one that is being made is given to nobody", () => {
  expect(take(begun(EMPTY_POOL, browser), "browser").id).toBeNull();
});

it("whatever happens, memory and number stay bounded, and none is used twice", () => {
  const wanted = fc.array(
    fc.record({ kiosk: fc.constantFrom("a", "b", "c", "d"), memoryMiB: fc.constantFrom(1, 20, 40) }),
    { maxLength: 6 },
  );
  const count = (list: readonly { kiosk: string }[], kiosk: string): number =>
    list.filter((one) => one.kiosk === kiosk).length;
  const step = fc.oneof(
    fc.record({ type: fc.constant("look" as const), wanted, limit: fc.integer({ min: 0, max: 100 }) }),
    fc.record({ type: fc.constant("take" as const), kiosk: fc.constantFrom("a", "b", "c", "d") }),
    fc.record({ type: fc.constantFrom("fills" as const, "fails" as const, "ends" as const), at: fc.nat(8) }),
    fc.record({ type: fc.constant("time" as const), ms: fc.integer({ min: 1, max: MAX_RETRY_MS }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let pool = EMPTY_POOL;
      let now = 0;
      const used = new Set<number>();
      for (const one of steps) {
        if (one.type === "look") {
          const { begin, drop } = plan(pool, one.wanted, one.limit, now);
          for (const id of drop) pool = without(pool, id);
          if (begin !== null) {
            expect(drop).toEqual([]);
            expect(pool.failures.get(begin.kiosk)?.retryAtMs ?? 0).toBeLessThanOrEqual(now);
            pool = begun(pool, begin);
          }
          const sum = pool.entries.reduce((total, { memoryMiB }) => total + memoryMiB, 0);
          expect(sum).toBeLessThanOrEqual(one.limit);
          for (const { kiosk } of pool.entries)
            expect(count(pool.entries, kiosk)).toBeLessThanOrEqual(count(one.wanted, kiosk));
        } else if (one.type === "take") {
          const taken = take(pool, one.kiosk);
          pool = taken.pool;
          if (taken.id === null) continue;
          expect(used.has(taken.id)).toBe(false);
          used.add(taken.id);
          expect(pool.entries.some(({ id }) => id === taken.id)).toBe(false);
        } else if (one.type === "time") now += one.ms;
        else {
          const id = pool.entries[one.at]?.id ?? 0;
          const isBeingMade = pool.entries[one.at]?.isReady === false;
          if (one.type === "fills" && isBeingMade) pool = filled(pool, id);
          else if (one.type === "fails" && isBeingMade) pool = failed(pool, id, "no", now);
          else if (one.type === "ends") pool = without(pool, id);
        }
        expect(pool.entries.filter(({ isReady }) => !isReady).length).toBeLessThanOrEqual(1);
      }
    }),
  );
});
