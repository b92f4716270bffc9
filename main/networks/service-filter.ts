/**
 * A service by which VMs go to the firewall, as the filter of their links: its program gets the links that there are (`state`), and
 * a link is joined once the program has said that what it does to it is in force.
 */
import { messageOf } from "#shared/model/app-error.ts";
import type { ProgramReport } from "#shared/model/service-messages.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
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
import { Unconfirmed } from "./unconfirmed.ts";

/** How long the program may take to put links in force, before they are cut: it may be slow, in a VM that is emulated. */
const APPLY_MS = 15_000;

/** The desired state of the program. */
export interface ServedLinks {
  readonly links: readonly Omit<FilteredLink, "vm">[];
}

export type ServingProgram = FilterProgram<ServedLinks>;
export interface ServingService extends FilterService<ServedLinks> {
  readonly name: string;
}

export class ServiceFilter extends Emitter<FilterEvents> implements NetworkFilter {
  /** It has no uplink. */
  readonly uplinkSession = null;
  readonly #service: ServingService;
  #links: readonly FilteredLink[] = [];
  /** Until they are, no state is sent: one without links would end the connections that an earlier run of the application left. */
  #areLinksKnown = false;
  #acknowledged: ReadonlySet<string> = new Set();
  #sent: { readonly revision: number; readonly links: readonly string[] } | null = null;
  #problems: readonly LinkProblem[] = [];
  readonly #unconfirmed = new Unconfirmed(APPLY_MS, () => this.#isLate());
  readonly #ends: (() => void)[];

  constructor(service: ServingService) {
    super();
    this.#service = service;
    const { program } = service;
    this.#ends = [
      program.on("connected", () => this.#begin()),
      program.on("gone", () => this.#forget(null)),
      program.on("report", (message) => this.#reported(message)),
    ];
  }

  get vm(): Vm {
    return this.#service.vm;
  }

  get isUp(): boolean {
    return this.isReady || this.vm.state === "running";
  }

  get isReady(): boolean {
    return this.#service.program.isConnected;
  }

  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  problemOf(vm: VmId): string | null {
    return problemOf(this.#problems, vm);
  }

  setLinks(links: readonly FilteredLink[]): void {
    this.#acknowledged = stillAcknowledged(this.#acknowledged, this.#links, links);
    this.#links = links;
    this.#areLinksKnown = true;
    this.#tell();
  }

  start(): Promise<void> {
    return this.#service.start();
  }

  /** The application ends. */
  close(): void {
    this.#unconfirmed.clear();
    for (const end of this.#ends) end();
  }

  /** It has nothing of what an earlier one had in force. */
  #begin(): void {
    this.#forget(null);
    this.#tell();
  }

  #forget(problem: string | null): void {
    this.#unconfirmed.clear();
    this.#sent = null;
    this.#acknowledged = new Set();
    this.#problems = problem === null ? [] : [{ vm: null, reason: problem }];
    this.emit("changed");
  }

  #tell(): void {
    const { program } = this.#service;
    if (!program.isConnected || !this.#areLinksKnown) return;
    const links = this.#links.map(({ id, own, guest }) => ({ id, own, guest }));
    try {
      const revision = program.tell({ state: { links } });
      this.#sent = { revision, links: links.map(({ id }) => id) };
      this.#unconfirmed.sent(revision);
    } catch (error) {
      this.#forget(messageOf(error));
    }
  }

  /** What it says later counts all the same. */
  #isLate(): void {
    this.#acknowledged = new Set();
    this.#problems = [{ vm: null, reason: `it has not put the links in force within ${APPLY_MS / 1000} s` }];
    this.emit("changed");
  }

  #reported(message: ProgramReport): void {
    if (message.type !== "applied") return;
    this.#unconfirmed.confirmed(message.revision);
    // The state before is not what counts. The new one may be the same: an interface may come after its rules.
    if (this.#sent === null || message.revision < this.#sent.revision) return;
    this.#problems = message.problems.map(({ where, reason }) => ({
      vm: this.#links.find(({ id }) => id === where)?.vm ?? null,
      reason: escapeForLog(reason),
    }));
    for (const { where, reason } of message.problems)
      log(`${this.#service.name}: ${escapeForLog(where)} is not in force: ${escapeForLog(reason)}`);
    this.#acknowledged = new Set(linksInForce(this.#sent.links, message.problems));
    this.emit("changed");
  }
}
