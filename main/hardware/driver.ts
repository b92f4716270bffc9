/**
 * The port of the hardware layer: what Atoll needs of whoever runs a VM. Each adapter is a folder beside this file,
 * and drivers.ts registers it by name. An adapter reports what happened as events; nobody polls it for a state.
 */
import type { Accelerator, MachineOrigin, VmId, VmNetwork } from "#shared/model/vm.ts";

export const CHANNEL_NAMES = ["control", "frames", "bulk"] as const;
/** One of the three byte channels between a guest's agent and the host. */
export type ChannelName = (typeof CHANNEL_NAMES)[number];

/** Paths of unix sockets, one for each channel. */
export type ChannelSockets = Record<ChannelName, string>;

/** What the VM's link process opens. Another kind of transport is another variant. */
export type ChannelEndpoint =
  /** Path of a unix socket that the link process connects to. */
  { kind: "socket"; path: string };

export interface Channels {
  /** Opened as often as the link is made anew; one link at a time uses it. */
  open(name: ChannelName): ChannelEndpoint;
}

export type MachineEnd =
  /** The guest powered itself off, or an orderly stop was asked for. */
  | { reason: "powered-off" }
  /** We killed it: `kill()`. */
  | { reason: "killed" }
  /** `detail` = the end of the guest's console output, untrusted. */
  | { reason: "guest-panic"; detail: string }
  /** The program that runs the machine ended by itself or was killed by somebody else; `detail` = the end of its log. */
  | { reason: "machine-exited"; detail: string };

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

export const NIC_ID_PATTERN = /^[a-z][a-z0-9]{0,6}$/;

/** A network interface of a VM, as its driver makes it. */
export interface NicSpec {
  /** Unique in the VM, and a part of its socket's path, which is short: NIC_ID_PATTERN. */
  readonly id: string;
  /** Six bytes in lower case hexadecimal, with colons. */
  readonly mac: string;
}

/** The guest gets this for its one interface at its start: static addresses; its gateway is the resolver, too. */
export interface GuestNetwork {
  readonly nic: NicSpec;
  readonly ipv4: { readonly address: string; readonly prefix: number; readonly gateway: string };
  readonly ipv6: { readonly address: string; readonly prefix: number; readonly gateway: string };
}

/** Interfaces of a VM that runs. Each is a unix socket that somebody has to connect (relay.ts); without, nothing passes. */
export interface MachineNics {
  /** Path of the socket: frames of Ethernet, each after its length as four bytes, big endian. */
  socket(id: string): string;
  /** Whether the guest sees a carrier; without, nothing passes. An interface begins without. */
  setLink(id: string, isUp: boolean): Promise<void>;
  /** Ids of those that its machine has. Rejects where it does not answer. */
  list(): Promise<readonly string[]>;
  /** Adds an interface to a VM that runs (`hasNicSlots`), without a carrier. Where it is there already it stays as it is. */
  plug(nic: NicSpec): Promise<void>;
  /** Resolves when the guest has given it away; where there is none, at once. */
  unplug(id: string): Promise<void>;
}

/** A VM that runs. */
export interface Machine {
  readonly id: VmId;
  readonly channels: Channels;
  /** null: run elsewhere. */
  readonly accelerator: Accelerator | null;
  /** Milliseconds since the epoch; null = unknown. */
  readonly startedAtMs: number | null;
  readonly origin: MachineOrigin;
  /** null = it runs. */
  readonly pauseCause: PauseCause | null;
  /** null exactly where the driver has no `hasNics`: its interfaces are not Atoll's. */
  readonly nics: MachineNics | null;
  /** Returns a function that ends the subscription. */
  on<Name extends keyof MachineEvents>(name: Name, listener: (...args: MachineEvents[Name]) => void): () => void;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** ACPI power button; the guest decides. The agent is asked first (`Vm.stop`). */
  pressPowerButton(): Promise<void>;
  /** At once, as by pulling the plug. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Leaves the machine running, to be adopted later: no event follows. */
  release(): void;
}

export interface DriverCapabilities {
  /** `pause` and `resume` do something; else they reject with vm.unsupported. */
  canPause: boolean;
  /** The guest feels the power button and takes its time; else pressing it ends the machine for us, at once. */
  canPressPowerButton: boolean;
  /** A machine goes on when the application ends, and `adopt` finds it again. */
  outlivesApplication: boolean;
  /** False: somebody else runs the machine. To start is to attach to it, and its agent may answer much later. */
  runsMachine: boolean;
  /** `prepare` makes what later machines start from; else it rejects with vm.unsupported, and every machine boots. */
  canPrepare: boolean;
  /** Machines have network interfaces that are Atoll's to join (`Machine.nics`). */
  hasNics: boolean;
}

/** What every definition has; a driver's own fields stand beside these. */
export interface MachineDefinition {
  readonly id: VmId;
  readonly name: string;
  /** Runs once, and nothing of it is kept: a driver may start it from what is ready in memory. */
  readonly isThrowaway?: boolean | undefined;
  /** It boots all the same: what it will be used for may not share keys with anything that began from one memory. */
  readonly bootsAlone?: boolean | undefined;
  /** Each start begins with the disk as its image has it: a driver may start it from what is ready in memory, too. */
  readonly startsFresh?: boolean | undefined;
  /** It has a disk for what it keeps, which outlives that. Not in files: the source of service VMs says so. */
  readonly keepsFiles?: boolean | undefined;
  /** Interfaces can be added to it while it runs. Not in files: the source of service VMs says so. */
  readonly hasNicSlots?: boolean | undefined;
  /** Name of the service whose image and program it has. */
  readonly service?: string | undefined;
  /** Those of another version of it, which is being tried. */
  readonly isTrial?: boolean | undefined;
}

/** What is shown of a VM and only its driver knows. */
export interface MachineSummary {
  /** null: it has none. */
  template: string | null;
  network: VmNetwork | null;
  /** The service by which it goes to the firewall, where its network is "firewall"; absent: none. */
  via?: string;
  /** MiB, and processors, where they are its own; absent: its template's, or nobody knows. */
  memoryMiB?: number;
  cpus?: number;
}

export interface Driver<Definition extends MachineDefinition> {
  readonly capabilities: DriverCapabilities;
  /** The driver's own fields of a new VM, as a person asked for it. @throws AppError where there can be no such VM */
  define(untrustedOptions: unknown): Omit<Definition, keyof MachineDefinition>;
  summary(definition: Definition): MachineSummary;
  /** Starts the machine; resolves when it executes. Cancelled by `signal`. */
  start(definition: Definition, signal?: AbortSignal): Promise<Machine>;
  /**
   * A machine of that id that an earlier run of the application left running; how it ended where that happened since; null
   * where it ended while that application was there to see it.
   */
  adopt(definition: Definition): Promise<Machine | MachineEnd | null>;
  /**
   * Makes what throw-away machines of such a definition, and those that start fresh, start from, unless it is there; they boot
   * where there is none. Rejects where it cannot be made. What it keeps of the definition itself is left to `remove`.
   */
  prepare(definition: Definition, signal?: AbortSignal): Promise<void>;
  /** Removes what `prepare` made for such a definition: a machine that went on from it does not work. */
  unprepare(definition: Definition): Promise<void>;
  /** Removes everything it keeps of a machine that does not run (disk, logs, sockets). */
  remove(definition: Definition): Promise<void>;
}
