import { expect, it, vi } from "vitest";
import { z } from "zod";
import type { VmId } from "#shared/model/vm.ts";
import type { Driver, MachineDefinition } from "./driver.ts";
import { Drivers, registered } from "./drivers.ts";

type ToyDefinition = MachineDefinition & { size: number };

const toyType = { name: "toy", fields: z.object({ size: z.int() }) };
const otherType = { name: "other", fields: z.object({}) };

function toy(): Driver<ToyDefinition> {
  return {
    capabilities: {
      canPause: false,
      canPressPowerButton: false,
      outlivesApplication: false,
      runsMachine: true,
      canPrepare: true,
      hasNics: false,
    },
    define: (untrustedOptions) => toyType.fields.parse(untrustedOptions),
    summary: ({ size }) => ({ template: `size ${size}`, network: null }),
    start: () => Promise.reject(new Error("it is a toy")),
    adopt: () => Promise.resolve(null),
    prepare: () => Promise.resolve(),
    unprepare: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };
}

/** A driver whose definitions have no fields of their own. */
function other(): Driver<MachineDefinition> {
  return {
    ...toy(),
    define: () => ({}),
    summary: () => ({ template: null, network: null }),
    start: () => Promise.reject(new Error("it is another toy")),
    adopt: () => Promise.resolve(null),
    remove: () => Promise.resolve(),
  };
}

const definition = { id: "1" as VmId, name: "a", driver: "toy", label: "rose", autostart: true, size: 3 };

it("a driver is given the fields of its own schema, the VM's id and its name, and nothing else", async () => {
  const driver = toy();
  const adopt = vi.spyOn(driver, "adopt");
  const remove = vi.spyOn(driver, "remove");
  const erased = registered(toyType, driver);
  await erased.adopt(definition);
  await erased.remove(definition);
  for (const call of [adopt, remove]) expect(call).toHaveBeenCalledExactlyOnceWith({ id: "1", name: "a", size: 3 });
  expect(erased.summary(definition)).toEqual({ template: "size 3", network: null });
});

it("drivers are found by their names, and the first makes what nobody chose a driver for", () => {
  const drivers = new Drivers([registered(toyType, toy()), registered(otherType, other())]);
  expect(drivers.types.map(({ name }) => name)).toEqual(["toy", "other"]);
  expect(drivers.named("other").type.name).toBe("other");
  expect(drivers.define({ size: 4 })).toEqual({ driver: "toy", size: 4 });
  expect(drivers.define({ driver: "other", size: 4 })).toEqual({ driver: "other" });
  expect(() => drivers.named("third")).toThrow('There is no driver "third"; there are: toy, other.');
});
