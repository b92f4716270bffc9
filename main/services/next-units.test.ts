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

beforeEach(() => {
  [spares, done, others, used] = [{}, [], [], "first"];
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
    unitOf: (_service: string, id: VmId) => Promise.resolve(unit(id)),
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
  await all.make("words", 300);
  await all.use("words");
  expect([used, spares.before, done]).toEqual([
    "made-300",
    "first",
    ["remove older", "load made-300", "apply made-300"],
  ]);
});

it("removes what was made and is not used, and leaves what is there to go back to", async () => {
  const all = units();
  await all.make("words", 300);
  await all.drop("words", false);
  expect([done, spares.next]).toEqual([["close made-300", "stop made-300", "remove made-300"], undefined]);
  [spares, done] = [{ before: "older" }, []];
  expect(await all.takeBefore("words")).toBeDefined();
  await all.drop("words", true);
  expect([done, spares.before]).toEqual([["close older", "stop older"], "older"]);
});

it("ends what a killed application has left, and keeps what there is to go back to", async () => {
  spares = { next: "half", before: "older" };
  await units(true).clean("words");
  expect([done, spares.before]).toEqual([["kill half", "remove half", "kill older"], "older"]);
});

it("makes one at a time", async () => {
  const all = units();
  await all.make("words", 300);
  await expect(all.make("words", 300)).rejects.toMatchObject({ code: "service.busy" });
  await all.drop("words", false);
  await expect(all.make("words", 300)).resolves.toBeDefined();
});

it.each(["words-next", "words-before"])("makes none where a person has a VM of the name %s", async (name) => {
  others = [{ name }];
  await expect(units().make("words", 300)).rejects.toMatchObject({ code: "vm.name-taken" });
  expect(spares).toEqual({});
});
