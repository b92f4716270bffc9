/** Machines and links that say what a test has them say: for states that real ones cannot be brought to on demand. */
import type { MachineOrigin, VmId } from "#shared/model/vm.ts";
import { Emitter } from "../../base/emitter.ts";
import { z } from "zod";
import type { LabelName } from "#shared/model/label.ts";
import type {
  ChannelSockets,
  Driver,
  Machine,
  MachineDefinition,
  MachineEvents,
  MachineNics,
  PauseCause,
} from "../../hardware/driver.ts";
import { Drivers, type DriverType, registered } from "../../hardware/drivers.ts";
import { newDefinition, type VmDefinition } from "../definition.ts";
import type { FromLink, ServiceContract, ToLink } from "../../link/contract.ts";
import type { VmContext } from "../vm.ts";

type Order = "pause" | "resume" | "pressPowerButton" | "kill";

export class ScriptedMachine extends Emitter<MachineEvents> implements Machine {
  readonly id = "00000000-0000-4000-8000-000000000000" as VmId;
  readonly sockets: ChannelSockets = { control: "/c", frames: "/f", bulk: "/b" };
  readonly channels: Machine["channels"] = { open: (name) => ({ kind: "socket", path: this.sockets[name] }) };
  readonly accelerator = "tcg";
  startedAtMs = 0;
  origin: MachineOrigin = "cold";
  pauseCause: PauseCause | null = null;
  nics: MachineNics | null = null;
  /** The orders that it was given, in order. */
  readonly orders: Order[] = [];
  /** How it answers an order; by default it does as ordered. */
  readonly answers: Partial<Record<Order, () => Promise<void>>> = {};

  pause(): Promise<void> {
    return this.#take("pause");
  }

  resume(): Promise<void> {
    return this.#take("resume");
  }

  pressPowerButton(): Promise<void> {
    return this.#take("pressPowerButton");
  }

  async kill(): Promise<void> {
    await this.#take("kill");
    if (this.answers.kill === undefined) this.emit("ended", { reason: "killed" });
  }

  release(): void {}

  #take(order: Order): Promise<void> {
    this.orders.push(order);
    return this.answers[order]?.() ?? Promise.resolve();
  }
}

export interface ScriptedLink {
  says: (message: FromLink) => void;
  /** Its process ends. */
  exits: (code: number) => void;
  heard: ToLink[];
  isKilled: boolean;
}

export const HELLO: FromLink = { type: "hello", agent: "scripted" };

/** What a link says when one of its services reports to its client in main. */
export function serviceEvent<Event>({ name }: ServiceContract<unknown, Event>, event: Event): FromLink {
  return { type: "event", service: name, event };
}

/** What a link hears when main orders something of one of its services. */
export function serviceOrder<Order>({ name }: ServiceContract<Order, unknown>, order: Order): ToLink {
  return { type: "order", service: name, order };
}

/** The orders that main has given one of a link's services, oldest first. */
export function ordersOf<Order>(link: ScriptedLink | undefined, { name }: ServiceContract<Order, unknown>): Order[] {
  const heard = link?.heard ?? [];
  return heard.flatMap((message) =>
    message.type === "order" && message.service === name ? [message.order as Order] : [],
  );
}

/** Starts `machine`, and adopts nothing. */
export function scriptedDriver(machine: Machine): Driver<MachineDefinition> {
  return {
    capabilities: {
      canPause: true,
      canPressPowerButton: true,
      outlivesApplication: true,
      runsMachine: true,
      canPrepare: true,
      hasNics: true,
    },
    define: () => ({}),
    summary: () => ({ template: null, network: null }),
    start: () => Promise.resolve(machine),
    adopt: () => Promise.resolve(null),
    prepare: () => Promise.resolve(),
    unprepare: () => Promise.resolve(),
    remove: () => Promise.resolve(),
  };
}

/** The type of a scripted driver, whose definitions have no fields of their own. */
export function scriptedType(name = "scripted"): DriverType {
  return { name, fields: z.object({}) };
}

/** @param driver the default one; with `others`, by their names */
export function scriptedDrivers(
  driver: Driver<MachineDefinition>,
  others: Readonly<Record<string, Driver<MachineDefinition>>> = {},
): Drivers {
  return new Drivers([
    registered(scriptedType(), driver),
    ...Object.entries(others).map(([name, other]) => registered(scriptedType(name), other)),
  ]);
}

/** A new VM of the scripted driver. */
export function scriptedDefinition(name: string, label: LabelName = "rose"): VmDefinition {
  return newDefinition(name, { label }, { driver: scriptedType().name });
}

/** @param links receives each link that is made */
export function scriptedContext(links: ScriptedLink[]): Omit<VmContext, "driver"> {
  return {
    spawnLink: () => {
      const made: ScriptedLink = { says: () => undefined, exits: () => undefined, heard: [], isKilled: false };
      links.push(made);
      return {
        send: (message) => void made.heard.push(message),
        connect(message, other, othersMessage) {
          made.heard.push(message);
          other.send(othersMessage);
        },
        attachPage: () => undefined,
        onMessage: (listener) => (made.says = listener),
        onExit: (listener) => (made.exits = listener),
        kill: () => (made.isKilled = true),
      };
    },
    output: () => ({ width: 100, height: 100, scale120: 120, refreshMhz: 60_000 }),
    keymap: () => ({ rules: "", model: "", layout: "", variant: "", options: "" }),
    log: () => undefined,
  };
}

export interface Deferred<Value> {
  promise: Promise<Value>;
  resolve(value: Value): void;
  reject(error: Error): void;
}

/** A promise that a test settles when it likes. */
export function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Value>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}
