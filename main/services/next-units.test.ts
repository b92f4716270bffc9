/** The other VMs of a service: what is made, what is used, and what a killed application has left. */
import { beforeEach, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { NextUnits, type NextUnitsParts } from "./next-units.ts";
import type { ServiceUnit } from "./service-unit.ts";

interface Spares {
  next?: string | undefined;
  before?: string | undefined;
}

let spares: Spares;
let done: string[];
let others: { name: string; service?: string }[];
let used: string;
let cannotBeMade: boolean;

beforeEach(() => {
  [spares, done, others, used] = [{}, [], [], "first"];
  cannotBeMade = false;
});

function unit(name: string): ServiceUnit {
  const scripted = {
    name,
    stop: () => Promise.resolve(void done.push(`stop ${name}`)),
    close: () => done.push(`close ${name}`),
    settings: { load: () => Promise.resolve(void done.push(`load ${name}`)) },
    applySettings: () => Promise.resolve(void done.push(`apply ${name}`)),
  };
  return scripted as unknown as ServiceUnit;
}

function units(isOn = false): NextUnits {
  const vmOf = (id: string): object => ({
    ...{ id, isOn, definition: { name: id, service: "words" }, adopted: () => Promise.resolve() },
    kill: () => Promise.resolve(void done.push(`kill ${id}`)),
  });
  const change = (changed: Spares): Promise<void> => Promise.resolve(void (spares = { ...spares, ...changed }));
  const parts = {
    application: {
      get vms() {
        const known = Object.values(spares as Record<string, string | undefined>).flatMap((id) =>
          id === undefined ? [] : [vmOf(id)],
        );
        return [...known, ...others.map((definition) => ({ definition }))];
      },
      remove: (id: VmId) => {
        done.push(`remove ${id}`);
        return change(spares.next === id ? { next: undefined } : { before: undefined });
      },
    },
    source: {
      spareOf: (_service: string, spare: keyof Spares) => spares[spare],
      addNext: async (_service: string, memoryMiB: number) => {
        await change({ next: `made-${memoryMiB}` });
        return spares.next;
      },
      takeBefore: () => change({ next: spares.before, before: undefined }),
      leaveBefore: () => change({ next: undefined, before: spares.next }),
      useNext: () => change({ next: undefined, before: used }),
    },
    unitOf: (_service: string, id: VmId) =>
      cannotBeMade ? Promise.reject(new Error("no settings")) : Promise.resolve(unit(id)),
    replace: (_service: string, { name }: { name: string }) => {
      const was = used;
      used = name;
      return unit(was);
    },
  };
  return new NextUnits(parts as unknown as NextUnitsParts);
}

it("uses what was made, keeps what was used, and removes what there was to go back to", async () => {
  spares = { before: "older" };
  const all = units();
  const made = await all.make("words", 300);
  await all.use("words", made);
  expect([used, spares.before, done]).toEqual([
    "made-300",
    "first",
    ["remove older", "load made-300", "apply made-300"],
  ]);
});

it("removes what was made and is not used, and leaves what is there to go back to", async () => {
  const all = units();
  await all.drop("words", await all.make("words", 300), false);
  expect([done, spares.next]).toEqual([["close made-300", "stop made-300", "remove made-300"], undefined]);
  [spares, done] = [{ before: "older" }, []];
  const before = (await all.takeBefore("words")) ?? expect.unreachable("there is none");
  await all.drop("words", before, true);
  expect([done, spares.before]).toEqual([["close older", "stop older"], "older"]);
});

it("ends what a killed application has left, and keeps what there is to go back to", async () => {
  spares = { next: "half", before: "older" };
  await units(true).clean("words");
  expect([done, spares.before]).toEqual([["kill half", "remove half", "kill older"], "older"]);
});

it("makes one at a time", async () => {
  const all = units();
  const making = all.make("words", 300);
  await expect(all.make("words", 300)).rejects.toMatchObject({ code: "service.busy" });
  const made = await making;
  await expect(all.make("words", 300)).rejects.toMatchObject({ code: "service.busy" });
  await all.drop("words", made, false);
  await expect(all.make("words", 300)).resolves.toBeDefined();
});

it("takes none from before in the place of one that is tried", async () => {
  const all = units();
  await all.make("words", 300);
  spares = { ...spares, before: "older" };
  await expect(all.takeBefore("words")).rejects.toMatchObject({ code: "service.busy" });
  expect(spares).toEqual({ next: "made-300", before: "older" });
});

it("drops and uses what its caller has made, and not what another has", async () => {
  const all = units();
  const mine = await all.make("words", 300);
  await all.removeAll("words");
  await all.make("words", 400);
  done = [];
  await all.drop("words", mine, false);
  await expect(all.use("words", mine)).rejects.toMatchObject({ code: "internal" });
  expect([done, spares.next]).toEqual([[], "made-400"]);
});

it("leaves nothing of one that cannot be made", async () => {
  const all = units();
  cannotBeMade = true;
  await expect(all.make("words", 300)).rejects.toThrow("no settings");
  expect([done, spares.next]).toEqual([["remove made-300"], undefined]);
  spares = { before: "older" };
  await expect(all.takeBefore("words")).rejects.toThrow("no settings");
  expect(spares.before).toBe("older");
  cannotBeMade = false;
  await expect(all.make("words", 300)).resolves.toBeDefined();
});

it.each(["words-next", "words-before"])("makes none where a person has a VM of the name %s", async (name) => {
  others = [{ name }];
  await expect(units().make("words", 300)).rejects.toMatchObject({ code: "vm.name-taken" });
  expect(spares).toEqual({});
});
