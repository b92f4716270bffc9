/**
 * The port of the hardware layer: what Atoll needs of whoever runs a VM. Adapters: qemu/ (spawned by us), external/ (run elsewhere).
 * An adapter reports what happened as events; nobody polls it for a state.
 */
import type { Accelerator, VmId } from "#shared/model/vm.ts";

/** Unix sockets of the three virtio-serial ports; the host connects. */
export interface ChannelSockets {
  control: string;
  frames: string;
  bulk: string;
}

export type MachineEnd =
  /** The guest powered itself off, or an orderly stop was asked for. */
  | { reason: "powered-off" }
  /** We killed it: `kill()`. */
  | { reason: "killed" }
  /** `detail` = the last words of the guest's console, untrusted. */
  | { reason: "guest-panic"; detail: string }
  /** QEMU ended on its own or by a stranger's signal; `detail` = the last words of its log. */
  | { reason: "qemu-exited"; detail: string };

/** Why a machine is paused: somebody asked for it, or its disk's image could not be written (`resume` tries again). */
export type PauseCause = "asked" | "no-space" | "disk-error";

export interface MachineEvents {
  paused: [PauseCause];
  resumed: [];
  /** The agent opened its ends of the channels (true), or one of them was closed: it has ended (false). */
  agentPresent: [boolean];
  /** The last event of a machine. */
  ended: [MachineEnd];
}

/** A VM that runs. */
export interface Machine {
  readonly id: VmId;
  readonly channels: ChannelSockets;
  /** null: run elsewhere. */
  readonly accelerator: Accelerator | null;
  /** Milliseconds since the epoch; null = unknown. */
  readonly startedAtMs: number | null;
  /** null = it runs. */
  readonly pauseCause: PauseCause | null;
  on<Name extends keyof MachineEvents>(name: Name, listener: (...args: MachineEvents[Name]) => void): void;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** ACPI power button; the guest decides. The agent is asked first (see vms/lifecycle.ts). */
  pressPowerButton(): Promise<void>;
  /** At once, as by pulling the plug. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Lets go of a machine that lives on, to be adopted later: no event follows. */
  release(): void;
}

export interface Driver {
  /** Starts the machine; resolves when it executes. Cancelled by `signal`. */
  start(id: VmId, signal?: AbortSignal): Promise<Machine>;
  /**
   * A machine of that id that an earlier life of the application left running; how it ended where it did not live to see
   * us; null where it ended in that life already.
   */
  adopt(id: VmId): Promise<Machine | MachineEnd | null>;
  /** Removes everything it keeps of a machine that does not run (disk, logs, sockets). */
  remove(id: VmId): Promise<void>;
}
