/** One more VM of a service for one task: it is gone afterwards, whatever became of that. */
import { beforeEach, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { ForkUnits, type ForkUnitsParts } from "./fork-units.ts";
import type { ServiceUnit } from "./service-unit.ts";

let fork: VmId | undefined;
let isOn: boolean;
let done: string[];
let others: string[];
let starts: () => Promise<void>;
let kills: () => Promise<void>;

beforeEach(() => {
  [fork, isOn, done, others] = [undefined, false, [], []];
  starts = () => {
    isOn = true;
    return Promise.resolve();
  };
  kills = () => {
    isOn = false;
    return Promise.resolve(void done.push("kill"));
  };
});

function units(): ForkUnits {
  const vm = {
    id: "made" as VmId,
    definition: { name: "words-fork" },
    get isOn() {
      return isOn;
    },
    adopted: () => Promise.resolve(),
    kill: () => kills(),
  };
  const parts = {
    application: {
      get vms() {
        return [...(fork === undefined ? [] : [vm]), ...others.map((name) => ({ definition: { name } }))];
      },
      vm: () => vm,
      remove: () => {
        fork = undefined;
        return Promise.resolve(void done.push("remove"));
      },
    },
    source: {
      spareOf: () => fork,
      addFork: () => Promise.resolve((fork = vm.id)),
    },
    unitOf: () =>
      Promise.resolve({
        vm,
        start: () => starts(),
        stop: () => Promise.resolve(void done.push("stop")),
        close: () => void done.push("close"),
      } as unknown as ServiceUnit),
  };
  return new ForkUnits(parts as unknown as ForkUnitsParts);
}

it("is there for the task alone", async () => {
  const all = units();
  const result = await all.with("words", async ({ vm }) => {
    expect(vm.isOn).toBe(true);
    await expect(all.with("words", () => Promise.resolve())).rejects.toMatchObject({ code: "service.busy" });
    return "counted";
  });
  expect([result, done, fork]).toEqual(["counted", ["close", "kill", "remove"], undefined]);
});

it("is gone where it does not start, and where the task fails", async () => {
  const failed = units().with("words", () => Promise.reject(new Error("it crashed")));
  await expect(failed).rejects.toThrow("it crashed");
  expect([done, isOn]).toEqual([["close", "kill", "remove"], false]);
  done = [];
  starts = () => Promise.reject(new Error("no memory"));
  await expect(units().with("words", () => expect.unreachable())).rejects.toThrow("no memory");
  expect([done, fork]).toEqual([["close", "remove"], undefined]);
});

it("is none where a person has a VM of its name", async () => {
  others = ["words-fork"];
  await expect(units().with("words", () => expect.unreachable())).rejects.toMatchObject({ code: "vm.name-taken" });
  expect(done).toEqual([]);
});

it("that a killed application has left is ended and removed", async () => {
  await units().clean("words");
  expect(done).toEqual([]);
  [fork, isOn] = ["made" as VmId, true];
  await units().clean("words");
  expect([done, fork]).toEqual([["kill", "remove"], undefined]);
});

it("is gone before its service is removed or changed, and there is no other one meanwhile", async () => {
  const all = units();
  let lose = (): void => undefined;
  const lost = new Promise<never>((_, reject) => (lose = () => reject(new Error("its VM was lost"))));
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const work = async (): Promise<never> => {
    begin();
    return lost;
  };
  const task = Promise.allSettled([all.with("words", work)]);
  await begun;
  const changed = all.without("words", async () => {
    done.push("change");
    await expect(all.with("words", () => expect.unreachable())).rejects.toMatchObject({ code: "service.busy" });
    return "changed";
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([done, isOn]).toEqual([["stop", "kill"], false]);
  lose();
  expect(await task).toMatchObject([{ status: "rejected", reason: { message: "its VM was lost" } }]);
  expect(await changed).toBe("changed");
  expect([done, fork]).toEqual([["stop", "kill", "close", "remove", "change"], undefined]);
  expect(await all.with("words", () => Promise.resolve("again"))).toBe("again");
});

it("does not begin its task where its service was removed while it started", async () => {
  const all = units();
  let start = (): void => undefined;
  starts = () => new Promise((resolve) => (start = resolve));
  const task = Promise.allSettled([all.with("words", () => expect.unreachable())]);
  await new Promise((resolve) => setImmediate(resolve));
  const removed = all.without("words", () => Promise.resolve(done.push("removed")));
  start();
  await removed;
  expect(await task).toMatchObject([{ status: "rejected", reason: { code: "service.busy" } }]);
  expect([done.at(-1), fork]).toEqual(["removed", undefined]);
});

it("ends with the application", async () => {
  const all = units();
  await all.with("words", () => all.close());
  expect(done).toEqual(["close", "kill", "close", "remove"]);
  // Nothing begins any more that would outlive it.
  await expect(all.with("words", () => expect.unreachable())).rejects.toMatchObject({ code: "service.busy" });
  expect(done).toHaveLength(4);
});

it("that does not end keeps nothing else from ending", async () => {
  const all = units();
  const kill = kills;
  await all.with("words", async () => {
    kills = () => Promise.reject(new Error("QEMU does not end."));
    await all.close();
    kills = kill;
  });
  expect(done).toEqual(["close", "close", "kill", "remove"]);
});
