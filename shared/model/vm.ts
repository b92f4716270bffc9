/** What Atoll knows of a VM, as plain data. */
import type { LabelName } from "./label.ts";
import { said } from "./text.ts";

declare const brand: unique symbol;

/** A VM's UUID: immutable, also that of its virtual machine's hardware. Its name can change and is never an identity. */
export type VmId = string & { readonly [brand]: "VmId" };

/** What names a VM where its whole id is too long: ids of windows, of processes. No two VMs that are known have the same one. */
export function vmIdBeginning(id: VmId): string {
  return id.slice(0, 8);
}

export const VM_NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,30}$/;
/** The same for people. */
export const VM_NAME_WORDS = 'small letters, digits and "-", beginning with a letter or digit, at most 31';
export const VM_ID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What a VM may be given. The least memory is what Debian, the agent and a terminal start with. */
export const VM_MEMORY_MIB = { min: 128, max: 1_048_576 } as const;
/** For people, where less is asked for. */
export const LEAST_MEMORY_WORDS = `a VM needs at least ${VM_MEMORY_MIB.min} MiB to start`;
export const VM_CPUS = { min: 1, max: 64 } as const;

export const VM_STATES = ["stopped", "starting", "running", "paused", "stopping", "crashed", "unresponsive"] as const;
/** `running`: the agent has said hello. */
export type VmState = (typeof VM_STATES)[number];

export const VM_STATE_REASONS = [
  "powered-off",
  "killed",
  /** The program that runs the machine ended by itself, or was killed by somebody else. */
  "machine-exited",
  "guest-panic",
  "protocol-violation",
  /** Its heartbeats are missing, or the connection to it is lost. */
  "agent-lost",
  /** The guest has closed its channels: the agent ended, and the guest's init starts it again. */
  "agent-exited",
  /** The machine paused itself: the host's disk is full, or cannot be written. Resume tries again. */
  "no-space",
  "disk-error",
] as const;
export type VmStateReason = (typeof VM_STATE_REASONS)[number];

export type VmNetwork = "none" | "firewall" | "direct";

const REACH: Readonly<Record<VmNetwork, number>> = { none: 0, firewall: 1, direct: 2 };

/** That of the two which reaches less. */
export function narrowerNetwork(one: VmNetwork, other: VmNetwork): VmNetwork {
  return REACH[one] <= REACH[other] ? one : other;
}

/** The template that every installation has, of which VMs are made where nobody has chosen one. */
export const DEFAULT_TEMPLATE = "debian";

export const VM_ROLES = ["app", "vault", "work", "service", "disposable"] as const;
/** What a VM is for. `app`: programs of a person, as most are. */
export type VmRole = (typeof VM_ROLES)[number];

/** Words of the CLI's contract. `tcg`: emulated. */
export type Accelerator = "kvm" | "tcg";

export const MACHINE_ORIGINS = ["fork", "restored", "cold"] as const;
/**
 * What a machine began from. `fork`: a memory snapshot of its template, whose memory it shares until it writes; `restored`: a
 * snapshot that was read into memory of its own; `cold`: a boot.
 */
export type MachineOrigin = (typeof MACHINE_ORIGINS)[number];

export const START_PHASES = ["machine", "boot", "agent"] as const;
/** How far a start has come. `machine`: it is being made; `boot`: it executes; `agent`: its ports answer; then the state is `running`. */
export type StartPhase = (typeof START_PHASES)[number];

/** A VM as `atoll vm list --json` shows it. */
export interface VmView {
  id: VmId;
  name: string;
  label: LabelName;
  /** null: its driver has no templates. */
  template: string | null;
  /** Name of a registered driver. */
  driver: string;
  state: VmState;
  stateReason: VmStateReason | null;
  role: VmRole;
  network: VmNetwork | null;
  /** The service between it and the firewall, where its network is "firewall"; absent: none. */
  via?: string | undefined;
  /** The VM that a disposable is for, which it connects to no more than; absent: it is for none. */
  forVm?: VmId | undefined;
  /** Count of its windows, frozen ones included. */
  windows: number;
  /** Seconds since the machine started, null while it does not run. */
  uptimeS: number | null;
  accelerator: Accelerator | null;
}

/** VmView and what only the desktop shows. */
export interface VmStatus extends VmView {
  /** It is not known yet whether an earlier run of the application left its machine running; absent: it is. */
  isInDoubt?: true | undefined;
  startPhase: StartPhase | null;
  /** null while its machine is not there. */
  origin: MachineOrigin | null;
  /** MiB, and processors, where they are its own; absent: its template's, or nobody knows. */
  memoryMiB?: number | undefined;
  cpus?: number | undefined;
  /** For people: why its network does not work, though it runs; "" = nothing to say. */
  networkDetail: string;
  /** For people: why it is in this state, e.g. the message of a protocol violation; "" = nothing to say. See isGuestsWord. */
  stateDetail: string;
}

/** `stateDetail` is what the guest said last, and no words of the host: to be quoted, and said to be the guest's. */
export function isGuestsWord({ stateReason }: Pick<VmStatus, "stateReason">): boolean {
  return stateReason === "guest-panic";
}

/** Why it is in its state, for a sentence of the host that goes on: without a full stop, a guest's word as a quotation; "" = nothing to say. */
export function stateWords(vm: Pick<VmStatus, "stateReason" | "stateDetail">): string {
  const { stateDetail } = vm;
  return isGuestsWord(vm) && stateDetail !== "" ? said(stateDetail) : stateDetail.replace(/\.$/, "");
}

/** A service that nobody uses now: it is in the list of services, and takes no place among the VMs. */
export function isIdleService({ role, state }: Pick<VmView, "role" | "state">): boolean {
  return role === "service" && state === "stopped";
}
