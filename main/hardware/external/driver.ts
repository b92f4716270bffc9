/**
 * The external adapter: a VM that somebody else runs, known by its channel sockets alone. To start it is to attach to it, to
 * stop it is to detach.
 */
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../../base/emitter.ts";
import type { Channels, Driver, Machine, MachineEvents, MachineSummary } from "../driver.ts";
import { parseOptions } from "../drivers.ts";
import { EXTERNAL, type ExternalDefinition, type ExternalFields } from "./definition.ts";

export class ExternalDriver implements Driver<ExternalDefinition> {
  readonly capabilities = {
    canPause: false,
    canPressPowerButton: false,
    outlivesApplication: false,
    runsMachine: false,
    canPrepare: false,
    hasNics: false,
  };

  define(untrustedOptions: unknown): ExternalFields {
    return parseOptions(EXTERNAL.fields, untrustedOptions);
  }

  summary(): MachineSummary {
    return { template: null, network: null };
  }

  start({ id, channels }: ExternalDefinition): Promise<Machine> {
    return Promise.resolve(new ExternalMachine(id, { open: (name) => ({ kind: "socket", path: channels[name] }) }));
  }

  /** There is no record of whether it was attached before: a person attaches it again. */
  adopt(): Promise<null> {
    return Promise.resolve(null);
  }

  prepare(): Promise<void> {
    return Promise.reject(unsupported("keep the memory of"));
  }

  unprepare(): Promise<void> {
    return Promise.resolve();
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }
}

class ExternalMachine extends Emitter<MachineEvents> implements Machine {
  readonly id: VmId;
  readonly channels: Channels;
  readonly accelerator = null;
  readonly startedAtMs = null;
  readonly origin = "cold";
  readonly pauseCause = null;
  readonly nics = null;
  #hasEnded = false;

  constructor(id: VmId, channels: Channels) {
    super();
    this.id = id;
    this.channels = channels;
  }

  pause(): Promise<void> {
    return Promise.reject(unsupported("pause"));
  }

  resume(): Promise<void> {
    return Promise.reject(unsupported("resume"));
  }

  pressPowerButton(): Promise<void> {
    this.#end({ reason: "powered-off" });
    return Promise.resolve();
  }

  kill(): Promise<void> {
    this.#end({ reason: "killed" });
    return Promise.resolve();
  }

  release(): void {
    this.#hasEnded = true;
  }

  #end(end: MachineEvents["ended"][0]): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.emit("ended", end);
  }
}

function unsupported(action: string): AppError {
  return new AppError(
    "vm.unsupported",
    `Atoll does not run this VM, so it cannot ${action} it: do that where it runs.`,
    { action },
  );
}
