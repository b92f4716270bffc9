/** A service as an engine: how long it is waited for, and what it says of itself. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ServiceUnit } from "../services/service-unit.ts";
import { AppError } from "#shared/model/app-error.ts";
import { type Engine, enginesOf, NoAnswer } from "./engine.ts";

interface Unit {
  state: string;
  stateDetail: string;
  healthDetail: string;
  isHealthy: boolean;
  rows: Record<string, Record<string, unknown>[]>;
  job: (input: unknown, signal: AbortSignal) => Promise<unknown>;
  changed: () => void;
}

let unit: Unit;
/** What became of VMs for one task. */
let alone: string[];
const { signal } = new AbortController();

beforeEach(() => {
  vi.useFakeTimers();
  alone = [];
  const never = (_input: unknown, ended: AbortSignal): Promise<unknown> =>
    new Promise((_, reject) => ended.addEventListener("abort", () => reject(ended.reason as Error)));
  unit = {
    state: "running",
    stateDetail: "",
    healthDetail: "",
    isHealthy: true,
    rows: {},
    job: never,
    changed: () => undefined,
  };
});
afterEach(() => void vi.useRealTimers());

interface Manifest {
  rights?: readonly string[];
  tables?: readonly string[];
  startsFresh?: boolean;
}

function engines(more: Manifest = {}): readonly Engine[] {
  const { rights = ["scanned-files"], tables = ["engine", "quarantine"], startsFresh = true } = more;
  const manifest = { name: "antivirus", rights: { host: rights }, tables, startsFresh };
  const service = {
    manifest,
    vm: {},
    get state() {
      return unit.state;
    },
    get isWanted() {
      return unit.state !== "stopped";
    },
    get stateDetail() {
      return unit.stateDetail;
    },
    get healthDetail() {
      return unit.healthDetail;
    },
    get isHealthy() {
      return unit.isHealthy;
    },
    tables: { rows: () => unit.rows },
    by: () => ({ job: (input: unknown, ended: AbortSignal) => unit.job(input, ended) }),
    on: (_name: string, changed: () => void) => {
      unit.changed = changed;
      return () => undefined;
    },
  };
  const other = { ...service, manifest: { ...manifest, name: "other" } };
  return enginesOf({ units: [service as unknown as ServiceUnit] }, async (_unit, work) => {
    alone.push("begun");
    const result = await work(other as unknown as ServiceUnit);
    alone.push("gone");
    return result;
  })();
}

const engine = (): Engine => engines()[0] ?? expect.unreachable("it is no engine");

it("is one of those that were started and have the right", () => {
  expect(engines()).toHaveLength(1);
  expect(engines({ rights: [] })).toEqual([]);
  unit.state = "stopped";
  expect(engines()).toEqual([]);
});

it("that has not answered after 300 s has failed", async () => {
  const answer = engine().job({}, signal);
  const outcome = vi.fn<(reason: unknown) => void>();
  void answer.catch(outcome);
  await vi.advanceTimersByTimeAsync(299_999);
  expect(outcome).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  await expect(answer).rejects.toThrow("it has not answered within 300 s");
  await expect(answer).rejects.toBeInstanceOf(NoAnswer);
});

it("that goes while it is asked has not answered, and one that was not there was not asked", async () => {
  const gone = (wasAsked: boolean): AppError => new AppError("service.not-connected", "It went.", { wasAsked });
  unit.job = () => Promise.reject(gone(true));
  await expect(engine().job({}, signal)).rejects.toBeInstanceOf(NoAnswer);
  unit.job = () => Promise.reject(gone(false));
  await expect(engine().job({}, signal)).rejects.toMatchObject({ code: "service.not-connected" });
});

it("has another one for one task at a time, where its VM starts in a moment", async () => {
  expect(engines({ startsFresh: false })[0]?.alone).toBeNull();
  const apart = engine().alone ?? expect.unreachable();
  const ends: (() => void)[] = [];
  const work = (one: Engine): Promise<string> =>
    new Promise((resolve) => ends.push(() => resolve(`${one.name}, ${one.alone === null ? "alone" : "with another"}`)));
  const both = [apart(work, signal, "home"), apart(work, signal, "home")];
  await vi.advanceTimersByTimeAsync(0);
  expect(alone).toEqual(["begun"]);
  ends[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(alone).toEqual(["begun", "gone", "begun"]);
  ends[1]?.();
  expect(await Promise.all(both)).toEqual(["other, alone", "other, alone"]);
});

it("has another one for those that wait in turns, and not once it was stopped", async () => {
  const apart = engine().alone ?? expect.unreachable();
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const take = (party: string): Promise<void> =>
    apart(
      () => {
        begun.push(party);
        return new Promise((resolve) => ends.push(resolve));
      },
      signal,
      party,
    );
  const all = ["home", "home", "home", "web"].map(take);
  const settled = Promise.allSettled(all);
  for (let at = 0; at < 3; at += 1) {
    await vi.advanceTimersByTimeAsync(0);
    if (at === 2) unit.state = "stopped";
    ends[at]?.();
  }
  expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  await expect(all[2]).rejects.toMatchObject({ code: "service.not-healthy" });
  expect(begun).toEqual(["home", "web", "home"]);
});

it("has another one for five minutes at most, from when that is ready", async () => {
  const apart = engine().alone ?? expect.unreachable();
  const work = (_engine: Engine, until: AbortSignal): Promise<string> =>
    new Promise((resolve) => until.addEventListener("abort", () => resolve(String(until.reason))));
  const outcome = vi.fn<(reason: string) => void>();
  void apart(work, signal, "home").then(outcome);
  await vi.advanceTimersByTimeAsync(299_999);
  expect(outcome).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(outcome).toHaveBeenCalledWith("Error: it has taken more than 5 minutes");
});

it("is not waited for when nobody waits any more, and has two jobs at once", async () => {
  const ended = new AbortController();
  const asked: unknown[] = [];
  const { job } = unit;
  unit.job = (input, gone) => {
    asked.push(input);
    return job(input, gone);
  };
  const one = engine();
  const answers = Array.from({ length: 10 }, (_, at) => one.job(at, ended.signal));
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toHaveLength(2);
  ended.abort(new Error("gone"));
  const settled = await Promise.allSettled(answers);
  expect(settled.every(({ status }) => status === "rejected")).toBe(true);
});

it("is asked about the file of a party that has the fewest next", async () => {
  const asked: unknown[] = [];
  const ends: (() => void)[] = [];
  unit.job = (input) => {
    asked.push(input);
    return new Promise((resolve) => ends.push(() => resolve({})));
  };
  const one = engine();
  for (let at = 0; at < 3; at += 1) void one.job(`home ${at}`, signal, "home");
  void one.job("web", signal, "web");
  await vi.advanceTimersByTimeAsync(0);
  ends[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked).toEqual(["home 0", "home 1", "web"]);
});

it("has not failed at a file that came after slow ones of another party", async () => {
  // As scanner.py does: two at a time, each for as long as the worst file may take.
  const running: Promise<unknown>[] = [];
  unit.job = async () => {
    const before = running.length < 2 ? Promise.resolve() : running.at(-2);
    const done = (async () => {
      await before;
      await new Promise((resolve) => setTimeout(resolve, 130_000));
      return {};
    })();
    running.push(done);
    return done;
  };
  const one = engine();
  for (let at = 0; at < 8; at += 1) void one.job(at, signal, "home").catch(() => undefined);
  const answer = one.job("web", signal, "web");
  const outcome = vi.fn<(value: unknown) => void>();
  void answer.then(outcome, outcome);
  await vi.advanceTimersByTimeAsync(2 * 130_000);
  expect(outcome).toHaveBeenCalledWith({});
});

it("that starts again is waited for, 180 s at most, and not where it was stopped", async () => {
  unit.isHealthy = false;
  const healthy = engine().ready(signal);
  unit.isHealthy = true;
  unit.changed();
  await healthy;

  unit.isHealthy = false;
  const stopped = engine().ready(signal);
  unit.state = "stopped";
  unit.changed();
  await expect(stopped).rejects.toThrow("it was stopped");

  unit.state = "failed";
  unit.stateDetail = "its VM has ended";
  const late = engine().ready(signal);
  const [refused] = await Promise.allSettled([late, vi.advanceTimersByTimeAsync(180_000)]);
  expect(refused).toMatchObject({
    status: "rejected",
    reason: { message: expect.stringContaining("its VM has ended") as string },
  });
});

it("that reads signatures for longer is not waited for, and says so", async () => {
  [unit.isHealthy, unit.healthDetail] = [false, "it reads the signatures that it was given"];
  const [late] = await Promise.allSettled([engine().ready(signal), vi.advanceTimersByTimeAsync(180_000)]);
  const message = expect.stringContaining("it reads the signatures that it was given") as string;
  expect(late).toMatchObject({ status: "rejected", reason: { message } });
});

it("says what it keeps, while it is healthy and has a quarantine", () => {
  const key = "ab".repeat(16);
  unit.rows = { quarantine: [{ key, bytes: 5 }, { key: "../a" }, { bytes: 1 }] };
  expect(engine().kept).toEqual(new Set([key]));
  expect(engines({ tables: ["engine"] })[0]?.kept).toBeNull();
  unit.isHealthy = false;
  expect(engine().kept).toBeNull();
});

it("says what it is, as far as it has said so", () => {
  expect(engine().identity).toBeNull();
  unit.rows = { engine: [{ engine: "ClamAV", version: 3, signatures: "set-1" }] };
  expect(engine().identity).toEqual({ name: "ClamAV", version: null, signatures: "set-1" });
});
