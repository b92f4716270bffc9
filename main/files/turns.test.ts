import { afterEach, expect, it, vi } from "vitest";
import { Turns } from "./turns.ts";

afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

/** Names of those whose turn has come, in order, and what ends each turn. */
function taking(turns: Turns): {
  taken: string[];
  ends: Map<string, () => void>;
  /** @param key a letter for each party */
  take: (key: string, name: string, signal?: AbortSignal) => void;
} {
  const taken: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (key: string, name: string, signal = never): void =>
    void turns.take([...key], signal).then((end) => {
      taken.push(name);
      ends.set(name, end);
    });
  return { taken, ends, take };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("of those that wait the oldest goes of the party that has the fewest", async () => {
  const { taken, ends, take } = taking(new Turns(2));
  for (const name of ["a1", "a2", "a3", "b1", "a4"]) take(name.charAt(0), name);
  await settled();
  expect(taken).toEqual(["a1", "a2"]);
  ends.get("a1")?.();
  ends.get("a1")?.();
  await settled();
  expect(taken).toEqual(["a1", "a2", "b1"]);
  ends.get("a2")?.();
  await settled();
  expect(taken).toEqual(["a1", "a2", "b1", "a3"]);
});

it("whoever leaves takes no turn", async () => {
  const { taken, ends, take } = taking(new Turns(1));
  const leaving = new AbortController();
  take("a", "a1");
  take("a", "a2", leaving.signal);
  take("a", "a3");
  await settled();
  leaving.abort();
  ends.get("a1")?.();
  await settled();
  // It is told, so that it can end.
  expect(taken).toEqual(["a1", "a2", "a3"]);
  ends.get("a2")?.();
  take("a", "a4");
  await settled();
  expect(taken).toHaveLength(3);
});

it("one party has no more turns than it may, in whichever part, and others have the rest", async () => {
  const turns = new Turns(4, { ofOneParty: 3 });
  const { taken, ends, take } = taking(turns);
  for (const name of ["ab1", "ac2", "da3", "ae4", "fa5", "bc6", "bd7"]) take(name.slice(0, 2), name);
  await settled();
  expect(taken).toEqual(["ab1", "ac2", "da3", "bc6"]);
  expect(turns.tryTake([])).toBeNull();
  ends.get("bc6")?.();
  await settled();
  expect(taken.slice(4)).toEqual(["bd7"]);
  ends.get("ab1")?.();
  await settled();
  expect(taken.slice(5)).toEqual(["ae4"]);
  ends.get("bd7")?.();
  expect(turns.tryTake(["a", "g"])).toBeNull();
  const end = turns.tryTake(["g"]);
  expect(turns.tryTake(["h"])).toBeNull();
  end?.();
  expect(turns.tryTake(["h"])).not.toBeNull();
});

it("of parties that have as many, the one goes that had its turn longest ago", async () => {
  const { taken, ends, take } = taking(new Turns(1));
  for (const name of ["a1", "a2", "a3", "b1", "b2", "c1"]) take(name.charAt(0), name);
  for (const name of ["a1", "b1", "c1", "a2", "b2", "a3"]) {
    await settled();
    expect(taken.at(-1)).toBe(name);
    ends.get(name)?.();
  }
});

it("a party that has several is asked to give way in its latest, once another waits that has none", async () => {
  const turns = new Turns(2);
  const asked: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string): void =>
    void turns.take([name.charAt(0)], never, { giveWay: () => asked.push(name) }).then((end) => ends.set(name, end));
  for (const name of ["a1", "a2", "a3"]) take(name);
  await settled();
  expect(asked).toEqual([]);
  for (const name of ["b1", "c1"]) take(name);
  await settled();
  expect(asked).toEqual(["a2"]);
  ends.get("a2")?.();
  await settled();
  // What is a party's only one is not asked.
  expect([[...ends.keys()], asked]).toEqual([["a1", "a2", "b1"], ["a2"]]);
});

it("parties that have all turns are asked to give way in the longest, once it has had its time and another one waits", async () => {
  vi.useFakeTimers();
  const turns = new Turns(2, { sliceMs: 1_000 });
  const asked: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string): void =>
    void turns.take([name.charAt(0)], never, { giveWay: () => asked.push(name) }).then((end) => ends.set(name, end));
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
  take("a1");
  await pass(500);
  for (const name of ["b1", "a2"]) take(name);
  // Whoever waits has one already.
  await pass(5_000);
  expect(asked).toEqual([]);
  take("c1");
  await pass(0);
  expect(asked).toEqual(["a1"]);
  ends.get("a1")?.();
  await pass(0);
  expect([...ends.keys()]).toEqual(["a1", "b1", "c1"]);
  // What gave way has none now: so does who has had theirs.
  expect(asked).toEqual(["a1", "b1"]);
  ends.get("b1")?.();
  take("d1");
  await pass(999);
  expect([[...ends.keys()].slice(3), asked.slice(2)]).toEqual([["a2"], []]);
  await pass(1);
  expect(asked.slice(2)).toEqual(["c1"]);
  for (const end of ends.values()) end();
});

it("what nobody has asked for gives way at once to what somebody waits for, and comes after it", async () => {
  const turns = new Turns(2);
  const asked: string[] = [];
  const ends = new Map<string, () => void>();
  const take = (name: string, isUnasked = true): void =>
    void turns
      .take([name.charAt(0)], never, { giveWay: () => asked.push(name), isUnasked })
      .then((end) => ends.set(name, end));
  for (const name of ["a1", "b1", "c1"]) take(name);
  await settled();
  expect([[...ends.keys()], asked]).toEqual([["a1", "b1"], []]);
  // Also where its party has one that nobody has asked for.
  take("a2", false);
  await settled();
  expect(asked).toEqual(["b1"]);
  ends.get("b1")?.();
  await settled();
  expect([...ends.keys()].slice(2)).toEqual(["a2"]);
  ends.get("a1")?.();
  await settled();
  expect([[...ends.keys()].slice(3), asked]).toEqual([["c1"], ["b1", "a1"]]);
});
