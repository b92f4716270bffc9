/**
 * The drivers that there are, by the names that definitions call them. A definition's own fields are parsed by the schema of
 * its driver, so that a driver gets what is its own and nobody else needs to know the fields.
 */
import type { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import type { Driver, MachineDefinition } from "./driver.ts";

/** What an adapter is called, and what stands in a definition for it. Known without a driver that runs. */
export interface DriverType<Shape extends z.ZodRawShape = z.ZodRawShape> {
  /** As in `driver: NAME` of a definition. */
  readonly name: string;
  /** The driver's own fields. */
  readonly fields: z.ZodObject<Shape>;
}

/** A driver for definitions of which only its name says that they are its own. */
export interface RegisteredDriver extends Driver<MachineDefinition> {
  readonly type: DriverType;
}

export function registered<Shape extends z.ZodRawShape>(
  type: DriverType<Shape>,
  driver: Driver<MachineDefinition & z.infer<z.ZodObject<Shape>>>,
): RegisteredDriver {
  const own = (definition: MachineDefinition): MachineDefinition & z.infer<z.ZodObject<Shape>> => ({
    ...type.fields.parse(definition),
    id: definition.id,
    name: definition.name,
    isThrowaway: definition.isThrowaway,
    bootsAlone: definition.bootsAlone,
    startsFresh: definition.startsFresh,
    keepsFiles: definition.keepsFiles,
    hasNicSlots: definition.hasNicSlots,
    service: definition.service,
    isTrial: definition.isTrial,
  });
  return {
    type,
    capabilities: driver.capabilities,
    define: (untrustedOptions) => driver.define(untrustedOptions),
    summary: (definition) => driver.summary(own(definition)),
    start: (definition, signal) => driver.start(own(definition), signal),
    adopt: (definition) => driver.adopt(own(definition)),
    prepare: (definition, signal) => driver.prepare(own(definition), signal),
    unprepare: (definition) => driver.unprepare(own(definition)),
    remove: (definition) => driver.remove(own(definition)),
  };
}

export class Drivers {
  readonly #all: readonly [RegisteredDriver, ...RegisteredDriver[]];

  /** @param all the first is the one of VMs for which nobody has chosen a driver */
  constructor(all: readonly [RegisteredDriver, ...RegisteredDriver[]]) {
    this.#all = all;
  }

  get types(): [DriverType, ...DriverType[]] {
    const [first, ...others] = this.#all;
    return [first.type, ...others.map(({ type }) => type)];
  }

  /** Of VMs for which nobody has chosen one. */
  get defaultName(): string {
    return this.#all[0].type.name;
  }

  /** @throws AppError vm.unsupported */
  named(name: string): RegisteredDriver {
    const driver = this.#all.find(({ type }) => type.name === name);
    if (driver !== undefined) return driver;
    const known = this.#all.map(({ type }) => type.name);
    throw new AppError("vm.unsupported", `There is no driver "${name}"; there are: ${known.join(", ")}.`, {
      driver: name,
      known,
    });
  }

  /** @throws AppError with `code` where one of these names is none of a field of the driver */
  refuseForeign(driver: string, options: readonly string[], code: "vm.unsupported" | "usage.bad-argument"): void {
    const { type } = this.named(driver);
    const foreign = options.find((option) => !Object.hasOwn(type.fields.shape, option));
    if (foreign !== undefined)
      throw new AppError(code, `A VM of the driver "${driver}" has no option "${foreign}".`, {
        driver,
        option: foreign,
      });
  }

  /**
   * The fields of a new VM's definition that belong to its driver, and the driver's name.
   * @throws AppError where the driver cannot make such a VM
   */
  define({ driver = this.defaultName, ...options }: MachineOptions): { driver: string } {
    return { driver, ...this.named(driver).define(options) };
  }
}

/** Options of a new VM, parsed by a driver's schema. @throws AppError usage.bad-argument */
export function parseOptions<Schema extends z.ZodType>(schema: Schema, untrustedOptions: unknown): z.infer<Schema> {
  const read = schema.safeParse(untrustedOptions);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new AppError("usage.bad-argument", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`);
}

/** What a person asked for in a new VM; `driver` says whose options the others are. */
export interface MachineOptions {
  driver?: string | undefined;
  [option: string]: unknown;
}
