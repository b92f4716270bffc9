/** A clip and who takes part in pasting it, as the broker sees them. */
import { type ClipType, COPIED_FILES } from "#shared/model/clip.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import type { CrossingEnd } from "../crossings/crossing-request.ts";
import type { Crossings } from "../crossings/crossings.ts";
import { MAX_TYPE_BYTES } from "../link/clips/filters.ts";
import type { Crossing, HostParty, VmParty } from "../policy/crossing.ts";
import type { Vm } from "../vms/vm.ts";
import type { ClipEnd, ClipSource } from "./reading.ts";

export interface Clip {
  /** Of the host's making, rising. */
  readonly id: number;
  readonly from: VmParty | HostParty;
  /** -> what its source calls that type; in the source's order. */
  readonly types: ReadonlyMap<ClipType, string>;
  readonly isSecret: boolean;
  /** When the person copied it, performance.now(): the key or button that it answers. */
  readonly copiedMs: number;
  source(type: ClipType): ClipSource;
}

/** A VM whose agent answers. */
export interface ClipGuest {
  readonly vm: Vm;
  /** As the policy has it now. */
  party(): VmParty;
  /** @param offer rising; no types: what was announced can be pasted no longer */
  announce(offer: number, types: readonly ClipType[]): void;
  /** The program that asked gets nothing. */
  refuse(request: number): void;
  /** Input that its link holds behind that paste chord waits for nothing more. */
  settle(chord: number): void;
}

/** The policy, the person and the audit log. */
export interface ClipGate extends Pick<Crossings, "request" | "joined" | "ended"> {
  /** What holds at this moment, without a question. */
  decide(crossing: Crossing): PolicyDecision;
}

const MIB = 1024 * 1024;

/** How a transfer ended, for the log and the person. */
export function endOf(end: ClipEnd, type: ClipType, ruleBytes: number | null = null): CrossingEnd {
  if (end.outcome === "complete") return { bytes: end.bytes, characters: end.characters, detail: "" };
  return { bytes: end.bytes, detail: end.by === "size" ? tooLargeWords(type, ruleBytes) : FAILURES[end.by] };
}

function tooLargeWords(type: ClipType, ruleBytes: number | null): string {
  const typeBytes = MAX_TYPE_BYTES[type];
  if (ruleBytes !== null && ruleBytes < typeBytes)
    return `it has more than the ${ruleBytes} bytes that the rule lets through`;
  return `it has more than ${typeBytes < MIB ? `${typeBytes / 1024} KiB` : `${typeBytes / MIB} MiB`}`;
}

const FAILURES: Readonly<Record<Exclude<Extract<ClipEnd, { outcome: "failed" }>["by"], "size">, string>> = {
  source: "its source took it back, or did not answer in time",
  target: "nobody took it",
  content: "it is not what its type says",
  cancelled: "it was cancelled",
};

export function crossingOf(clip: Pick<Clip, "from">, to: VmParty | HostParty, type: ClipType): Crossing {
  if (type === COPIED_FILES) return { action: "file.send", from: clip.from, to, type: null, bytes: null };
  return { action: "clipboard.paste", from: clip.from, to, type: withoutParameters(type), bytes: null };
}

/** As rules have it. */
function withoutParameters(type: ClipType): string {
  return type.split(";", 1)[0] ?? type;
}

/** Whether it is this VM's own. */
export function isFrom(clip: Clip, vm: Vm): boolean {
  return clip.from.kind === "vm" && clip.from.id === vm.id;
}
