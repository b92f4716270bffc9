/** Who talks to what: connections of VMs as people see them, as plain data. */
import type { PolicyDecision } from "./policy.ts";
import type { VmId } from "./vm.ts";

/** Of the firewall: where a connection, or a look-up that was refused, stands. */
export const FLOW_STATES = ["opening", "open", "closed"] as const;
export type FlowState = (typeof FLOW_STATES)[number];
export const FLOW_PROTOCOLS = ["tcp", "udp", "icmp", "dns", "other"] as const;
export type FlowProtocol = (typeof FLOW_PROTOCOLS)[number];

/** What came of a way out of a VM that was tried from inside. */
export const LEAK_RESULTS = [
  /** Nothing came through. */
  "held",
  /** It was reached, and the policy allows it. */
  "allowed",
  /** It was reached, and must not be. */
  "leak",
  /** The guest has not begun to try it: nobody knows. */
  "not-tried",
] as const;

export interface LeakFinding {
  /** What it is, in words. */
  title: string;
  /** NAME, or ADDRESS:PORT. */
  to: string;
  result: (typeof LEAK_RESULTS)[number];
}

/** The rule that decided. */
export interface FlowRule {
  /** Of a rule of the policy, or `builtin:...`. It stays the same as long as the rule's text does. */
  id: string;
  /** Of the rules in force then. */
  revision: number;
  /** Of policy.yaml as it was then; null: no line decided. */
  line: number | null;
  /** The rule on one line, or what a built-in one says. */
  text: string;
}

/** A connection as `atoll network flows --json` shows it. Names are a guest's words, escaped. */
export interface FlowView {
  vm: string;
  /** As the VM asked for it; null: an address without a name. */
  name: string | null;
  /** null: a look-up. */
  address: string | null;
  /** The VM whose address it is, by its name then; null: no VM's. */
  toVm: string | null;
  port: number | null;
  protocol: FlowProtocol;
  /** From the VM, and to it. */
  bytesOut: number;
  bytesIn: number;
  state: FlowState;
  verdict: PolicyDecision;
  rule: FlowRule;
  /** Why, where the rule alone does not say it; "". */
  reason: string;
  /** Seconds since it began. */
  ageS: number;
}

/** A connection as the desktop shows it. */
export interface ShownFlow extends FlowView {
  key: string;
  vmId: VmId;
  /** How often it happened: refused ones of one kind are one. */
  count: number;
  /** Bytes a second. */
  rateOut: number;
  rateIn: number;
  /** Milliseconds since 1970 when it ended; null: it has not. */
  endedMs: number | null;
}

/** Of connections that are known, what has gone by them: as the desktop is told of many each second. */
export interface MovedFlows {
  keys: string[];
  /** For each key four, as ShownFlow has them: bytesOut, bytesIn, rateOut, rateIn. */
  numbers: Float64Array;
}

/** A connection of the last days that has ended. */
export interface PastFlow extends Omit<FlowView, "state"> {
  /** Milliseconds since 1970. */
  endedMs: number;
  count: number;
}

/** Samples of a chart, one a second, the newest last. */
export const CHART_SAMPLES = 60;

/** What the kernel of the firewall counts of a VM. */
export interface LinkTraffic {
  vmId: VmId;
  /** Bytes a second, at most CHART_SAMPLES. */
  chartOut: number[];
  chartIn: number[];
  packetsDenied: number;
}

export const FILTER_STATES = ["absent", "down", "starting", "ready", "failing"] as const;
/** `absent`: no VM has a network through a firewall; `failing`: it runs, and something is not in force. */
export type FilterState = (typeof FILTER_STATES)[number];

/** How the firewall is. */
export interface FilterView {
  state: FilterState;
  /** Of the rules that are in force. */
  revision: number;
  /** Milliseconds since 1970 since when that revision is in force; null: none is. */
  sinceMs: number | null;
  /** What is wrong, for people; "" = nothing. */
  detail: string;
}

/** `off`: no VM that runs is scanned; `failing`: it has ended, and is started again. */
export const SCANNER_STATES = ["off", "starting", "ready", "failing"] as const;

/** How the scanner is. While it is not `ready`, nothing of VMs that are scanned passes. */
export interface ScannerView {
  state: (typeof SCANNER_STATES)[number];
  /** What is wrong, also with rules of one that works; "" = nothing. A guest's words, escaped. */
  detail: string;
}

/** Answers to a card, as `atoll prompt list` names its buttons. `minutes`: for 10 minutes; `deny`: once. */
export const CARD_ANSWERS = [
  "once",
  "minutes",
  "hour",
  "until-stop",
  "always",
  "deny",
  "deny-minutes",
  "deny-hour",
  "deny-until-stop",
  "deny-always",
] as const;
export type CardAnswer = (typeof CARD_ANSWERS)[number];

/** Programs that a card names. */
export const MAX_ASKING_PROGRAMS = 3;

/** A VM wants to connect to names of one domain for the first time, and a person is asked. It never answers itself. */
export interface AskCard {
  /** Unique among cards and prompts. */
  id: number;
  vmId: VmId;
  vm: string;
  /** The names that were asked for, the first one first, or one address; escaped. */
  names: string[];
  /** Which programs have asked, as the VM itself says; none: it says nothing of it. Escaped. */
  programs: string[];
  /** The registrable domain of the names; null: an address, or a name without one. */
  domain: string | null;
  /** Of each of the names, as it was asked for last; null: all of them, or a look-up. */
  ports: (number | null)[];
  /** How often it was refused. */
  count: number;
  /** Milliseconds since 1970. */
  sinceMs: number;
  lastMs: number;
}

/** `dropped`: it did not pass, and its connection was ended. */
export const ALERT_ACTIONS = ["dropped", "seen"] as const;

/** What a scanner has seen, as `atoll network alerts --json` shows it. */
export interface AlertView {
  /** ISO 8601, UTC. */
  time: string;
  vm: string;
  name: string | null;
  address: string | null;
  /** The VM at the other end, by its name then; null: none. */
  toVm: string | null;
  port: number | null;
  direction: "in" | "out";
  signature: string;
  severity: number;
  action: (typeof ALERT_ACTIONS)[number];
}

/** How long a flow is in the list after its end, seconds. */
export const FLOW_KEPT_S = 600;
