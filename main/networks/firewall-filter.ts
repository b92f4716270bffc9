/**
 * The firewall's service VM as the filter of all links: sends its program what each VM may connect to, again at every change, and
 * knows which links' rules it has in force. What it does not confirm in time counts as not in force, so that its link is cut.
 */
import type { FirewallLink, FirewallState, LostConnection, ScanRuleFile } from "#shared/model/firewall.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { FilterView } from "#shared/model/network.ts";
import type { ProgramReport } from "#shared/model/service-messages.ts";
import { cleanText, escapeForLog, said } from "#shared/model/text.ts";
import { stateWords, type VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import type { VmParty } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import type { Vm } from "../vms/vm.ts";
import {
  type FilteredLink,
  type FilterEvents,
  type FilterProgram,
  type FilterService,
  type LinkProblem,
  linksInForce,
  type NetworkFilter,
  problemOf,
  stillAcknowledged,
} from "./filter.ts";
import type { HostNetworks } from "./host-networks.ts";
import type { NetworkRules } from "./network-rules.ts";
import { Unconfirmed } from "./unconfirmed.ts";
import { resolversByUplink } from "./uplink.ts";

/** How long the program may take to put a state in force, before its links are cut. */
const APPLY_MS = 5_000;
/** Several changes within this time are sent as one. */
const SETTLE_MS = 20;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Reports that are kept until it is known which links they are about: room for all open connections, and 16 MiB of text at most. */
const MAX_EARLY = 64;

export type FirewallProgram = FilterProgram<FirewallState>;
export type FirewallService = FilterService<FirewallState>;

/** The state that the program was sent last. */
interface Sent {
  /** As text. */
  readonly state: string;
  /** `applied` has to name this one, or a later one: settings are part of the same state. */
  readonly revision: number;
  readonly links: readonly FilteredLink[];
  readonly uplinkSession: string | null;
  /** Of the policy's rules. */
  readonly rules: number;
}

/** A revision of the policy's rules, and since when it is in force: milliseconds since 1970. */
export interface RulesInForceSince {
  readonly revision: number;
  readonly sinceMs: number;
}

interface Options {
  /** @throws AppError service.not-found */
  firewall: () => FirewallService;
  /** Resolves when it is known which services there are; left out: it is known already. */
  opened?: Promise<void>;
  policy: Pick<Policy, "on" | "nextEndInMs">;
  rules: NetworkRules;
  vms: () => readonly VmParty[];
  hostNetworks: Pick<HostNetworks, "on" | "cidrs">;
  /** Resolvers that the firewall asks; none: the host's. */
  dns?: () => readonly string[];
  /** Names whose answers may be private addresses, canonical. */
  privateNames?: () => readonly string[];
  /** What its scanner looks for; none: nothing. */
  scanRules?: () => readonly ScanRuleFile[];
  /** Why nobody knows what a person wants of the firewall, so that no link may be; null: it is known. */
  settingsProblem?: () => string | null;
  /** What VMs have open by the firewall; none: not known. */
  openConnections?: () => readonly LostConnection[];
}

export interface FirewallFilterEvents extends FilterEvents {
  /** What the program has said, beside what is in force. */
  report: [ProgramReport];
  /** It has connected: what it says of flows is of a new run of it. */
  connected: [];
  gone: [];
}

export class FirewallFilter extends Emitter<FirewallFilterEvents> implements NetworkFilter {
  readonly #options: Options;
  #service: FirewallService | null = null;
  #links: readonly FilteredLink[] = [];
  /** Until they are, no state is sent: one without links would end the connections that an earlier run of the application left. */
  #areLinksKnown = false;
  /** What the program has said before they were, the oldest first. */
  #early: ProgramReport[] = [];
  #uplink: FirewallState["uplink"] = null;
  #acknowledged: ReadonlySet<string> = new Set();
  #uplinkSession: string | null = null;
  #problems: readonly LinkProblem[] = [];
  /** Lines of the log about what was wrong when it last said so. */
  #logged: readonly string[] = [];
  /** null: nothing, to this program. */
  #sent: Sent | null = null;
  readonly #unconfirmed = new Unconfirmed(APPLY_MS, () => this.#isLate());
  /** The rules that are in force. */
  #inForce: RulesInForceSince | null = null;
  #lost: readonly LostConnection[] = [];
  #settling: NodeJS.Timeout | undefined;
  #ending: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    super();
    this.#options = options;
    options.policy.on("changed", () => this.changed());
    options.hostNetworks.on("changed", () => this.changed());
    // What the program of a VM that was left running says is heard from its first word on.
    void options.opened?.then(() => this.#find());
  }

  get vm(): Vm {
    return this.#firewall.vm;
  }

  get isUp(): boolean {
    return this.isReady || this.#service?.vm.state === "running";
  }

  get isReady(): boolean {
    return this.#service?.program.isConnected ?? false;
  }

  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  get uplinkSession(): string | null {
    return this.#uplinkSession;
  }

  problemOf(vm: VmId): string | null {
    return this.#settingsProblem ?? problemOf(this.#problems, vm);
  }

  get #settingsProblem(): string | null {
    return this.#options.settingsProblem?.() ?? null;
  }

  /** null: none is. */
  get inForce(): RulesInForceSince | null {
    return this.#inForce;
  }

  /** How it is, for people. */
  get view(): FilterView {
    const { revision = 0, sinceMs = null } = this.#inForce ?? {};
    const [problem] = this.#problems;
    const isWhole = this.#links.every(({ id }) => this.#acknowledged.has(id));
    const status = this.#service?.vm.status;
    const detail = problem === undefined ? (status === undefined ? "" : stateWords(status)) : problem.reason;
    return { state: this.#viewState(isWhole), revision, sinceMs, detail };
  }

  #viewState(isWhole: boolean): FilterView["state"] {
    if (this.#links.length === 0) return "absent";
    if (this.#problems.length > 0) return "failing";
    if (this.isReady) return isWhole ? "ready" : "starting";
    return this.#service?.vm.isUnderWay === true ? "starting" : "down";
  }

  /** VMs whose links end at it. */
  get served(): readonly VmId[] {
    return this.#links.map(({ vm }) => vm);
  }

  /** The VM at the other end of a link; null: there is no such link. */
  vmOf(link: string): VmId | null {
    return this.#links.find(({ id }) => id === link)?.vm ?? null;
  }

  setLinks(links: readonly FilteredLink[], uplink: FirewallState["uplink"]): void {
    this.#acknowledged = stillAcknowledged(this.#acknowledged, this.#links, links);
    this.#links = links;
    this.#areLinksKnown = true;
    this.#uplink = uplink;
    for (const message of this.#early.splice(0)) this.emit("report", message);
    this.changed();
  }

  async start(): Promise<void> {
    const { opened } = this.#options;
    if (opened !== undefined) await opened;
    await this.#firewall.start();
  }

  /** Something that decides what VMs may connect to has changed: a new state is sent soon. */
  changed(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#tell();
    }, SETTLE_MS);
  }

  /** The application ends. */
  close(): void {
    clearTimeout(this.#settling);
    clearTimeout(this.#ending);
    this.#unconfirmed.clear();
  }

  #find(): void {
    try {
      void this.#firewall;
    } catch (error) {
      return log(`firewall: ${messageOf(error)}`);
    }
    this.emit("changed");
  }

  /** Bound when it is first needed: the services are known after all else. */
  get #firewall(): FirewallService {
    if (this.#service !== null) return this.#service;
    const service = this.#options.firewall();
    this.#service = service;
    service.program.on("connected", () => this.#connected());
    service.program.on("gone", () => this.#gone());
    service.program.on("report", (message) => this.#reported(message));
    if (service.program.isConnected) this.#connected();
    else this.changed();
    return service;
  }

  #connected(): void {
    // It has nothing of what an earlier one had in force.
    this.#sent = null;
    this.#acknowledged = new Set();
    this.#uplinkSession = null;
    this.#early = [];
    this.#lose();
    this.emit("connected");
    this.#tell();
    this.emit("changed");
  }

  #gone(): void {
    this.#forget();
    this.#inForce = null;
    this.#problems = [];
    this.#acknowledged = new Set();
    this.#uplinkSession = null;
    this.#early = [];
    this.#lose();
    this.emit("gone");
    this.emit("changed");
  }

  /** The next program may know no connection. One that knows them ignores that they are named as lost. */
  #lose(): void {
    const open = this.#options.openConnections?.() ?? [];
    if (open.length > 0) this.#lost = open;
  }

  #reported(message: ProgramReport): void {
    if (message.type !== "applied") return this.#heard(message);
    const sent = this.#sent;
    this.#unconfirmed.confirmed(message.revision);
    // The state before is not what counts. The new one may be the same: an interface may come after its rules.
    if (sent === null || message.revision < sent.revision) return;
    this.#problems = message.problems.map(({ where, reason }) => ({
      vm: this.vmOf(where),
      reason: said(cleanText(reason), "the firewall"),
    }));
    const lines = message.problems.map(
      ({ where, reason }) => `firewall: ${escapeForLog(where)} is not in force: ${escapeForLog(reason)}`,
    );
    // It tries again, and says the same each time.
    for (const line of lines) if (!this.#logged.includes(line)) log(line);
    this.#logged = lines;
    if (this.#inForce?.revision !== sent.rules) this.#inForce = { revision: sent.rules, sinceMs: Date.now() };
    const ids = sent.links.map(({ id }) => id);
    const inForce = new Set(linksInForce(ids, message.problems));
    this.#acknowledged = stillAcknowledged(inForce, sent.links, this.#links);
    // Where nothing is in force the program may not have read the state.
    if (message.problems.length === 0 || inForce.size > 0) this.#uplinkSession = sent.uplinkSession;
    this.emit("changed");
  }

  #heard(message: ProgramReport): void {
    if (this.#areLinksKnown) return this.emit("report", message);
    this.#early.push(message);
    if (this.#early.length > MAX_EARLY) this.#early.shift();
  }

  #tell(): void {
    if (this.#service === null) return;
    const { program } = this.#service;
    this.#watchEnds();
    const unknown = this.#settingsProblem;
    if (unknown !== null) {
      if (program.isConnected) this.#refused(unknown);
      return;
    }
    if (!this.#areLinksKnown) return;
    const state = this.#state();
    const text = JSON.stringify(state);
    if (!program.isConnected || text === this.#sent?.state) return;
    try {
      const revision = program.tell({ state });
      const uplinkSession = state.uplink?.session ?? null;
      this.#sent = { state: text, revision, links: this.#links, uplinkSession, rules: this.#options.rules.revision };
      this.#unconfirmed.sent(revision);
    } catch (error) {
      // Old rules must not stay in force as if they were the new ones.
      this.#forget();
      this.#refused(messageOf(error));
    }
  }

  #state(): FirewallState {
    const { vms, rules, hostNetworks, dns = () => [], privateNames = () => [], scanRules = () => [] } = this.#options;
    const known = new Map(vms().map((vm) => [vm.id, vm]));
    const linkOf = (vm: VmId): string | null => this.#links.find((link) => link.vm === vm)?.id ?? null;
    const made = rules.make(new Map(this.#links.map(({ vm }) => [vm, known.get(vm) ?? null])), linkOf);
    const links = this.#links.flatMap(({ id, own, guest, vm }): FirewallLink[] => {
      const ofVm = made.get(vm);
      return ofVm === undefined ? [] : [{ id, own, guest, rules: ofVm }];
    });
    return {
      links,
      uplink: this.#uplink,
      dns: this.#uplink === null ? dns() : resolversByUplink(dns(), this.#uplink.gateway.ipv4),
      notInternet: hostNetworks.cidrs,
      privateNames: privateNames(),
      scanRules: scanRules(),
      lost: this.#lost,
    };
  }

  /** Rules of the policy that end by themselves are no longer sent then. */
  #watchEnds(): void {
    clearTimeout(this.#ending);
    const ms = this.#options.policy.nextEndInMs;
    if (ms === Infinity) return;
    this.#ending = setTimeout(() => this.#tell(), Math.min(ms + 1, LONGEST_TIMER_MS));
    this.#ending.unref();
  }

  #isLate(): void {
    this.#refused(`it has not put the rules in force within ${APPLY_MS / 1000} s`);
  }

  #refused(reason: string): void {
    if (this.#problems[0]?.reason === reason && this.#acknowledged.size === 0) return;
    log(`firewall: nothing passes: ${reason}`);
    this.#problems = [{ vm: null, reason }];
    this.#acknowledged = new Set();
    this.emit("changed");
  }

  #forget(): void {
    this.#unconfirmed.clear();
    this.#sent = null;
  }
}
