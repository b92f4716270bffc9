/**
 * Who talks to what: the firewall's rows, each with the line of the policy that decided, until ten minutes after their end. What
 * the firewall says is a guest's word: a row that is no flow is dropped and logged, and there is room for so many and no more.
 */
import net from "node:net";
import {
  BUILTIN_RULES,
  type FlowCells,
  flowCells,
  FLOWS_TABLE,
  type LinkCells,
  linkCells,
  LINKS_TABLE,
  type LostConnection,
  MAX_LOST,
} from "#shared/model/firewall.ts";
import {
  CHART_SAMPLES,
  FLOW_KEPT_S,
  type FlowRule,
  type FlowView,
  type LinkTraffic,
  type ShownFlow,
} from "#shared/model/network.ts";
import type { FromProgram } from "#shared/model/service-messages.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { vmOfName } from "../policy/destination.ts";
import type { FirewallFilter } from "./firewall-filter.ts";
import type { NetworkRules, RuleSource } from "./network-rules.ts";

/** Flows in all, ended ones too. Of more, those that ended first go first, and refused ones last. */
const MAX_FLOWS = 20_000;
/** So many go at once, as looking for them takes time. */
const ROOM = 1_000;
/** Longest name of the DNS. */
const MAX_NAME = 253;
/** Malformed rows are logged at most once per interval. */
const TELL_BAD_MS = 60_000;
/** The firewall reports a flow each second in which it has carried something: one that was not reported for so long carries nothing. */
const RESTS_MS = 1_900;

type Rows = Extract<FromProgram, { type: "rows" }>;

/** A flow as it is kept. */
export interface Flow {
  readonly key: string;
  readonly vmId: VmId;
  readonly vm: string;
  readonly cells: FlowCells;
  /** The VM at the other end, by its name then; null: none. */
  readonly toVm: string | null;
  readonly rule: FlowRule;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly updatedMs: number;
  readonly endedMs: number | null;
  /** Bytes a second, since the last report. */
  readonly rateOut: number;
  readonly rateIn: number;
}

interface FlowEvents {
  /** A flow is new, or not what it was. `bytesAlone`: but for its bytes and rates. */
  changed: [Flow, bytesAlone: boolean];
  /** It began, ended, was refused, named, or decided by another rule. */
  happened: [Flow];
  /** It is in the list no more. */
  gone: [key: string];
  /** The kernel's counters of links. */
  traffic: [];
}

interface Options {
  filter: Pick<FirewallFilter, "on" | "vmOf">;
  rules: Pick<NetworkRules, "sourceOf">;
  /** null: it is not there any more. */
  nameOf: (vm: VmId) => string | null;
  /** The name of the VM whose address it is; null: no VM's. */
  vmNameAt: (address: string) => string | null;
  /** Whether there is a VM of this name. */
  isVm: (name: string) => boolean;
  now?: () => number;
}

/** The counters of one link. */
interface Counted {
  cells: LinkCells;
  atMs: number;
  chartOut: number[];
  chartIn: number[];
}

export class Flows extends Emitter<FlowEvents> {
  readonly #options: Options;
  readonly #now: () => number;
  readonly #flows = new Map<string, Flow>();
  readonly #traffic = new Map<VmId, Counted>();
  /** Keys of those that have a rate. */
  readonly #busy = new Set<string>();
  /** Keys are unique in one run of the program alone. */
  #run = 0;
  #badSince = -Infinity;

  constructor(options: Options) {
    super();
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { filter } = options;
    filter.on("connected", () => {
      this.#endAll();
      this.#run += 1;
      this.#traffic.clear();
    });
    filter.on("gone", () => this.#endAll());
    filter.on("report", (message) => {
      if (message.type === "rows" && message.table === FLOWS_TABLE) this.#takeFlows(message);
      else if (message.type === "rows" && message.table === LINKS_TABLE) this.#takeLinks(message);
    });
  }

  /** Those that are open, and those that ended in the last ten minutes, in the order in which the firewall has seen them begin. */
  get all(): Flow[] {
    this.forgetOld();
    return [...this.#flows.values()];
  }

  get(key: string): Flow | undefined {
    return this.#flows.get(key);
  }

  /** Those of TCP that a rule lets pass, the newest where there are too many: what VMs think to be open. */
  get openConnections(): LostConnection[] {
    const open = [...this.#flows.values()].flatMap(({ endedMs, cells }): LostConnection[] => {
      const { link, sourcePort, address, port, protocol, verdict } = cells;
      if (endedMs !== null || protocol !== "tcp" || verdict !== "allow") return [];
      if (sourcePort === null || port === null || address === null || !isAddress(address)) return [];
      return [{ link, sourcePort, address, port }];
    });
    return open.slice(-MAX_LOST);
  }

  get traffic(): LinkTraffic[] {
    return [...this.#traffic].map(([vmId, { cells, chartOut, chartIn }]) => ({
      vmId,
      chartOut,
      chartIn,
      packetsDenied: cells.packetsDenied,
    }));
  }

  /** Flows that ended too long ago are gone. */
  forgetOld(): void {
    const before = this.#now() - FLOW_KEPT_S * 1000;
    for (const { key, endedMs } of this.#flows.values()) if (endedMs !== null && endedMs < before) this.#forget(key);
  }

  #takeFlows({ reset, rows, removed }: Rows): void {
    if (reset) this.#endAll(new Set(rows.map(({ key }) => this.#key(key))));
    for (const key of removed) this.#end(this.#key(key));
    for (const { key, cells } of rows) {
      const parsed = flowCells.safeParse(cells);
      const vm = parsed.success ? this.#options.filter.vmOf(parsed.data.link) : null;
      if (!parsed.success || vm === null) this.#bad(FLOWS_TABLE, key);
      else this.#take(this.#key(key), vm, parsed.data);
    }
  }

  #take(key: string, vmId: VmId, untrusted: FlowCells): void {
    const now = this.#now();
    const before = this.#flows.get(key);
    const cells = cleaned(untrusted);
    const seconds = before === undefined ? 0 : (now - before.updatedMs) / 1000;
    const rate = (bytes: number, earlier: number): number =>
      seconds <= 0 ? 0 : Math.max(0, Math.round((bytes - earlier) / seconds));
    const source = this.#options.rules.sourceOf(cells.rule, cells.revision);
    const isOver = cells.state === "closed";
    const flow: Flow = {
      key,
      vmId,
      vm: this.#options.nameOf(vmId) ?? before?.vm ?? vmId,
      cells,
      toVm: before?.toVm ?? this.#vmAt(cells.address) ?? this.#vmNamed(untrusted),
      // A rule says of a flow what it said when that began.
      rule:
        before?.cells.rule === cells.rule && before.cells.revision === cells.revision
          ? before.rule
          : ruleOf(cells, source),
      reason: cells.reason,
      sinceMs: before?.sinceMs ?? now - cells.ageS * 1000,
      updatedMs: now,
      // What is refused again has not been over for long.
      endedMs: isOver ? ((before?.cells.count === cells.count ? before.endedMs : null) ?? now) : null,
      rateOut: isOver ? 0 : rate(cells.bytesOut, before?.cells.bytesOut ?? 0),
      rateIn: isOver ? 0 : rate(cells.bytesIn, before?.cells.bytesIn ?? 0),
    };
    if (before === undefined) this.#makeRoom();
    this.#set(flow);
    const hasHappened = before === undefined || happenedTo(before.cells, cells);
    this.emit("changed", flow, !hasHappened && before.reason === flow.reason && before.vm === flow.vm);
    if (hasHappened) this.emit("happened", flow);
  }

  #vmAt(address: string | null): string | null {
    return address === null ? null : this.#options.vmNameAt(address);
  }

  /** Of a look-up that was refused. */
  #vmNamed({ name: untrustedName, address }: FlowCells): string | null {
    const vm = untrustedName === null || address !== null ? null : vmOfName(untrustedName);
    return vm !== null && this.#options.isVm(vm) ? vm : null;
  }

  #set(flow: Flow): void {
    this.#flows.set(flow.key, flow);
    if (flow.rateOut > 0 || flow.rateIn > 0) this.#busy.add(flow.key);
    else this.#busy.delete(flow.key);
  }

  /** Those that were not reported for long enough carry nothing. */
  #rest(now: number): void {
    for (const key of this.#busy) {
      const flow = this.#flows.get(key);
      if (flow === undefined || now - flow.updatedMs < RESTS_MS) continue;
      const resting = { ...flow, updatedMs: now, rateOut: 0, rateIn: 0 };
      this.#set(resting);
      this.emit("changed", resting, true);
    }
  }

  #takeLinks({ rows }: Rows): void {
    const now = this.#now();
    for (const { key, cells: untrusted } of rows) {
      const parsed = linkCells.safeParse(untrusted);
      const vm = this.#options.filter.vmOf(key);
      if (!parsed.success || vm === null) this.#bad(LINKS_TABLE, key);
      else this.#traffic.set(vm, counted(this.#traffic.get(vm), parsed.data, now));
    }
    this.#rest(now);
    this.emit("traffic");
  }

  #makeRoom(): void {
    if (this.#flows.size < MAX_FLOWS) return;
    const worth = ({ endedMs, cells }: Flow): number => (endedMs === null ? 2 : cells.verdict === "allow" ? 0 : 1);
    const least = [...this.#flows.values()].sort((a, b) => worth(a) - worth(b)).slice(0, ROOM);
    for (const { key } of least) this.#forget(key);
  }

  #endAll(but: ReadonlySet<string> = new Set()): void {
    for (const [key, { endedMs }] of this.#flows) if (endedMs === null && !but.has(key)) this.#end(key);
  }

  #end(key: string): void {
    const flow = this.#flows.get(key);
    if (flow === undefined || flow.endedMs !== null) return;
    const cells = { ...flow.cells, state: "closed" as const };
    const ended = { ...flow, cells, endedMs: this.#now(), rateOut: 0, rateIn: 0 };
    this.#set(ended);
    this.emit("changed", ended, false);
    this.emit("happened", ended);
  }

  #forget(key: string): void {
    this.#flows.delete(key);
    this.#busy.delete(key);
    this.emit("gone", key);
  }

  #key(untrustedKey: string): string {
    return `${this.#run}/${untrustedKey}`;
  }

  #bad(table: string, untrustedKey: string): void {
    const now = this.#now();
    if (now - this.#badSince < TELL_BAD_MS) return;
    this.#badSince = now;
    log(`firewall: a row of "${table}" is left out, as it cannot be read: ${escapeForLog(untrustedKey)}`);
  }
}

/** As the `atoll` command shows it. */
export function flowView({ vm, cells, toVm, rule, reason, sinceMs }: Flow, nowMs: number): FlowView {
  const { name, address, port, protocol, bytesOut, bytesIn, state, verdict } = cells;
  const ageS = Math.max(0, Math.round((nowMs - sinceMs) / 1000));
  return { vm, name, address, toVm, port, protocol, bytesOut, bytesIn, state, verdict, rule, reason, ageS };
}

/** As the desktop shows it. */
export function shownFlow(flow: Flow, nowMs: number): ShownFlow {
  const { key, vmId, rateOut, rateIn, endedMs, cells } = flow;
  return { ...flowView(flow, nowMs), key, vmId, count: cells.count, rateOut, rateIn, endedMs };
}

/** Without a zone: of no link of this machine. */
function isAddress(text: string): boolean {
  return net.isIP(text) !== 0 && !text.includes("%");
}

function happenedTo(before: FlowCells, cells: FlowCells): boolean {
  const { name, state, verdict, rule, revision, count } = cells;
  const isSame = state === before.state && verdict === before.verdict && rule === before.rule;
  return !isSame || revision !== before.revision || count !== before.count || name !== before.name;
}

function cleaned(cells: FlowCells): FlowCells {
  const { name, address, rule, reason } = cells;
  return {
    ...cells,
    name: name === null ? null : escapeForLog(name, MAX_NAME),
    address: address === null ? null : escapeForLog(address),
    rule: escapeForLog(rule),
    reason: escapeForLog(reason),
  };
}

function ruleOf({ rule: id, revision }: FlowCells, source: RuleSource | null): FlowRule {
  if (source !== null) return { id, revision, line: source.line, text: source.text };
  const text =
    id in BUILTIN_RULES ? BUILTIN_RULES[id as keyof typeof BUILTIN_RULES] : "a rule that is not known any more";
  return { id, revision, line: null, text };
}

function counted(before: Counted | undefined, cells: LinkCells, atMs: number): Counted {
  if (before === undefined) return { cells, atMs, chartOut: [], chartIn: [] };
  const seconds = (atMs - before.atMs) / 1000;
  // Several messages of one moment are one sample.
  if (seconds < 0.2) return { ...before, cells: { ...before.cells, packetsDenied: cells.packetsDenied } };
  const sample = (chart: readonly number[], bytes: number, earlier: number): number[] =>
    [...chart, Math.max(0, Math.round((bytes - earlier) / seconds))].slice(-CHART_SAMPLES);
  return {
    cells,
    atMs,
    chartOut: sample(before.chartOut, cells.bytesOut, before.cells.bytesOut),
    chartIn: sample(before.chartIn, cells.bytesIn, before.cells.bytesIn),
  };
}
