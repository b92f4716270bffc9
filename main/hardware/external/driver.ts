/** The external adapter: a VM that somebody else runs, known by its channel sockets alone. To start is to attach, to stop is to let go. */
import type { VmId } from "#shared/model/vm.ts";
import { AppError } from "#shared/model/app-error.ts";
import { Emitter } from "../../base/emitter.ts";
import type { ChannelSockets, Driver, Machine, MachineEvents } from "../driver.ts";

export class ExternalDriver implements Driver {
  readonly #socketsOf: (id: VmId) => ChannelSockets;

  constructor(socketsOf: (id: VmId) => ChannelSockets) {
    this.#socketsOf = socketsOf;
  }

  start(id: VmId): Promise<Machine> {
    return Promise.resolve(new ExternalMachine(id, this.#socketsOf(id)));
  }

  /** Nothing tells whether it was attached before: a person attaches it again. */
  adopt(): Promise<null> {
    return Promise.resolve(null);
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }
}

class ExternalMachine extends Emitter<MachineEvents> implements Machine {
  readonly id: VmId;
  readonly channels: ChannelSockets;
  readonly accelerator = null;
  readonly startedAtMs = null;
  readonly pauseCause = null;
  #hasEnded = false;

  constructor(id: VmId, channels: ChannelSockets) {
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

function unsupported(what: string): AppError {
  return new AppError("vm.unsupported", `Atoll does not run this VM, so it cannot ${what} it: do that where it runs.`, {
    action: what,
  });
}
