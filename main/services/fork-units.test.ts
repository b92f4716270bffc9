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
