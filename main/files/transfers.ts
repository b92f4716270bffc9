/**
 * All transfers of files: those that wait, move or have ended in this run of the application, and those that an earlier one has
 * left on their way. Each is asked of the policy, recorded, and reported once.
 */
import { AppError } from "#shared/model/app-error.ts";
import type { TransferView } from "#shared/model/transfer.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import type { CrossingOutcome, CrossingRequest } from "../crossings/crossing-request.ts";
import type { Crossings } from "../crossings/crossings.ts";
import type { Crossing } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import type { Vm } from "../vms/vm.ts";
import { Departures } from "./departures.ts";
import type { FileScanner } from "./file-scanner.ts";
import { type FilesEnd, HostFiles, type HostFilesOptions, reachOfSource, reachOfTarget } from "./host-files.ts";
import { previewText } from "./names.ts";
import { keyOfEnd, nameOfEnd, partyOfEnd, turnKeys } from "./parties.ts";
import type { FilesParty, StartOptions, StartTransfer, TransferEnd, TransferRequest } from "./transfer.ts";
import { TransferRecord } from "./transfer-record.ts";
import { DeniedNow, isResumable, type Permit, type RunEnd, TransferRun } from "./transfer-run.ts";
import type { KeptTransfer, TransfersFile } from "./transfers-file.ts";
import { Turns } from "./turns.ts";

/** That move at the same time. */
const MOVING_AT_ONCE = 4;
/** Of these, with the same VM: one that stalls them all leaves room for others. */
const MOVING_OF_ONE_VM = 3;
/** That have not ended and are not interrupted, and that are interrupted. */
const MAX_OPEN = 200;
const MAX_INTERRUPTED = 100;
/** That have ended and are still in the list, and files of all of them. */
const MAX_ENDED = 50;
const MAX_ENDED_FILES = 200_000;

/** Files of one that was tried again, of which more are not written to the disk every few seconds: it ends with the application. */
const MAX_ONLY_KEPT = 1_000;
const TOO_MANY = `${MAX_OPEN} transfers are under way already: wait until one has ended, or cancel some in the list of transfers.`;

export interface TransfersParts {
  crossings: Pick<Crossings, "request" | "ended">;
  policy: Pick<Policy, "decide" | "on" | "state">;
  host: HostFilesOptions;
  file: Pick<TransfersFile, "read" | "write">;
  scanner: FileScanner;
  /** undefined: there is no VM with this id. */
  vm(id: VmId): Vm | undefined;
}

/** A transfer that runs. */
interface Running {
  cancelling: AbortController;
  run: TransferRun;
  /** It was allowed, if only what scanners have passed; null: not yet. */
  allowed: Pick<Permit, "scans"> | null;
  /** null: it has no turn. */
  endTurn: (() => void) | null;
  /** Waits for its turn again after a pause; aborted: it waits no more. */
  resuming: AbortController | null;
}

export class Transfers extends Emitter<{ changed: [] }> {
  readonly #parts: TransfersParts;
  readonly #departures = new Departures();
  readonly #turns = new Turns(MOVING_AT_ONCE, { ofOneParty: MOVING_OF_ONE_VM });
  /** Oldest first. */
  readonly #records = new Map<number, TransferRecord>();
  readonly #running = new Map<TransferRecord, Running>();
  readonly #refusals = new WeakMap<TransferRecord, CrossingOutcome>();
  /** Left interrupted by an earlier run, of VMs that are not known: before `restore`, or where a definition has a mistake. */
  #unknown: readonly KeptTransfer[];
  #lastId: number;

  constructor(parts: TransfersParts) {
    super();
    this.#parts = parts;
    // A transfer may begin before its VMs are known: it must not take their numbers, nor their place in the file.
    this.#unknown = parts.file.read();
    this.#lastId = Math.max(0, ...this.#unknown.map(({ id }) => id));
    parts.policy.on("changed", () => {
      for (const record of this.#running.keys()) this.#endIfDenied(record);
    });
  }

  /** Takes over what an earlier run of the application has left on its way; its VMs are known by now. */
  restore(): void {
    const unknown: KeptTransfer[] = [];
    for (const kept of this.#unknown) {
      const request = this.#requestOf(kept);
      if (request === null) {
        log(`Transfer ${kept.id} cannot be resumed in this run: one of its VMs is not known. It is kept.`);
        unknown.push(kept);
        continue;
      }
      const record = new TransferRecord(
        kept.id,
        request,
        kept.only?.map((path) => Buffer.from(path, "base64")) ?? null,
      );
      record.restore(kept);
      record.detail = "Atoll ended while it was on its way.";
      this.#records.set(record.id, record);
    }
    // In the file those of unknown VMs come first, and one that began before this is newer.
    for (const [id, record] of [...this.#records].sort(([one], [other]) => one - other)) {
      this.#records.delete(id);
      this.#records.set(id, record);
    }
    this.#unknown = unknown.slice(-MAX_INTERRUPTED);
    this.#trimInterrupted();
    this.#trim();
    this.#changed();
  }

  /** Newest first. */
  get views(): TransferView[] {
    return [...this.#records.values()].toReversed().map(({ view }) => view);
  }

  readonly start: StartTransfer = (request, options: StartOptions = {}) => {
    const record = this.#add(request);
    if ([...this.#records.values()].filter(isUnderWay).length > MAX_OPEN) {
      const over = this.#over(record, { state: "failed", detail: TOO_MANY }, 0);
      record.done = this.#recordEnd(allowedBefore(request), over);
      options.decided?.();
    } else this.#begin(record, options);
    return record;
  };

  /** @throws AppError transfer.not-found */
  get(id: number): TransferRecord {
    const record = this.#records.get(id);
    if (record !== undefined) return record;
    throw new AppError(
      "transfer.not-found",
      `There is no transfer ${id}: "atoll transfer list" shows those that there are.`,
      {
        id,
      },
    );
  }

  /** Of one that was denied. */
  refusalOf(record: TransferRecord): CrossingOutcome | null {
    return this.#refusals.get(record) ?? null;
  }

  /** One that is paused keeps nobody from their turn. @throws AppError transfer.not-found, transfer.wrong-state */
  pause(id: number): TransferRecord {
    const record = this.get(id);
    const running = this.#running.get(record);
    if (running?.resuming != null) {
      running.resuming.abort();
      running.resuming = null;
    } else if (record.state !== "moving" || running?.run.pause(true) !== true) throw wrongState(record, "paused");
    record.state = "paused";
    record.detail = "";
    if (running !== undefined) endTurn(running);
    this.#changed();
    return record;
  }

  /** One that is paused goes on, in its turn; one that was interrupted is tried again. @throws AppError transfer.not-found, transfer.wrong-state */
  resume(id: number): TransferRecord {
    const record = this.get(id);
    const running = this.#running.get(record);
    if (record.state === "paused" && running !== undefined) {
      if (!this.#endIfDenied(record)) void this.#goOn(record, running);
    } else if (record.state === "interrupted") {
      record.state = "waiting";
      record.detail = "";
      this.#begin(record, {});
    } else throw wrongState(record, "resumed");
    this.#changed();
    return record;
  }

  /** Resolves when nothing of it goes on. @throws AppError transfer.not-found, transfer.wrong-state */
  async cancel(id: number): Promise<TransferRecord> {
    const record = this.get(id);
    if (record.isEnded) throw wrongState(record, "cancelled");
    const running = this.#running.get(record);
    if (running === undefined) {
      record.state = "cancelled";
      record.detail = "";
      this.#keep();
      this.#changed();
    } else {
      running.cancelling.abort();
      await record.done;
    }
    return record;
  }

  /** A new transfer of the files that have failed. @throws AppError transfer.not-found, transfer.wrong-state */
  retry(id: number, options: StartOptions = {}): TransferRecord {
    const record = this.get(id);
    const paths = record.retried;
    if (!record.isEnded || paths.length === 0) throw wrongState(record, "tried again");
    if (!isResumable(record.request)) throw wrongState(record, "tried again");
    const again = this.#add(record.request, paths);
    this.#begin(again, options);
    return again;
  }

  /** Those that have ended go from the list. */
  clear(): void {
    for (const record of this.#records.values()) if (record.isEnded) this.#records.delete(record.id);
    this.#changed();
  }

  #add(request: TransferRequest, only: TransferRecord["only"] = null): TransferRecord {
    this.#lastId += 1;
    const record = new TransferRecord(this.#lastId, request, only);
    this.#records.set(record.id, record);
    return record;
  }

  #begin(record: TransferRecord, { signal, ...options }: StartOptions): void {
    const cancelling = new AbortController();
    const cancel = (): void => cancelling.abort();
    if (signal?.aborted === true) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    record.done = this.#run(record, cancelling, options).finally(() => {
      signal?.removeEventListener("abort", cancel);
      options.decided?.();
    });
    this.#changed();
  }

  /** After a pause. */
  async #goOn(record: TransferRecord, running: Running): Promise<void> {
    const resuming = new AbortController();
    running.resuming = resuming;
    const hasTurn = this.#tryTurn(record, running) || (await this.#takeTurn(record, running, resuming.signal));
    if (hasTurn && !this.#endIfDenied(record)) {
      running.run.pause(false);
      record.state = "moving";
      this.#changed();
    }
    if (running.resuming === resuming) running.resuming = null;
  }

  #tryTurn({ request: { source, target } }: TransferRecord, running: Running): boolean {
    running.endTurn ??= this.#turns.tryTake(turnKeys(source.party, target));
    return running.endTurn !== null;
  }

  /** Whether it has its turn: it has none where `signal` was aborted. */
  async #takeTurn(record: TransferRecord, running: Running, signal: AbortSignal): Promise<boolean> {
    if (this.#tryTurn(record, running)) return true;
    const { source, target } = record.request;
    record.state = "waiting";
    record.detail = "It waits until another transfer has ended.";
    this.#changed();
    const end = await this.#turns.take(turnKeys(source.party, target), signal);
    if (signal.aborted) {
      end();
      return false;
    }
    running.endTurn = end;
    record.detail = "";
    return true;
  }

  /** What was allowed ends where the rules deny it as they are now, which this returns; that they would ask is no denial of what a person has allowed. */
  #endIfDenied(record: TransferRecord): boolean {
    const running = this.#running.get(record);
    if (running === undefined || running.allowed === null) return false;
    const { decision, refusal, answer } = this.#parts.policy.decide(crossingOf(record.request, record.bytes));
    // Its files were looked at, or are held.
    if (decision !== "deny" || (refusal === "no-scanner" && running.allowed.scans)) return false;
    const explanation = `The policy denies it now: ${answer.explanation}`;
    this.#refusals.set(record, { allowed: false, by: "rule", rule: answer.rule, explanation, seq: null });
    running.cancelling.abort(new DeniedNow(explanation, this.#parts.policy.state === "broken"));
    return true;
  }

  /** Whether nothing of it can come now. Meanwhile others have its turn. */
  #isPaused(record: TransferRecord, running: Running): boolean {
    const { source, target } = record.request;
    if (record.state !== "moving") return true;
    const isPaused = [source.party, target].some((party) => party.kind === "vm" && party.vm.state === "paused");
    if (isPaused) endTurn(running);
    // It moves already: where there is no room, one more than else does.
    else this.#tryTurn(record, running);
    return isPaused;
  }

  async #run(
    record: TransferRecord,
    cancelling: AbortController,
    { askSignal: asking, decided }: Omit<StartOptions, "signal">,
  ): Promise<TransferEnd> {
    const { request } = record;
    const beganMs = performance.now();
    const hosts: HostFiles[] = [];
    const gone = this.#departures.of(request.target);
    let outcome = allowedBefore(request);
    const endOf = (party: FilesParty, reach: () => ConstructorParameters<typeof HostFiles>[1]): FilesEnd => {
      if (party.kind === "vm") return party.vm;
      const host = new HostFiles(this.#parts.host, reach());
      hosts.push(host);
      return host;
    };
    let end: RunEnd;
    try {
      const { source } = request;
      const sourceEnd = endOf(source.party, () =>
        "paths" in source ? reachOfSource(source) : { reads: [], writes: [] },
      );
      const run = new TransferRun(
        record,
        {
          source: sourceEnd,
          target: endOf(request.target, () => reachOfTarget(request.destination)),
          origin: nameOfEnd(source.party),
          permit: async (files, bytes, signal) => {
            const permitted = await this.#permit(record, files, bytes, [asking, signal]);
            outcome = permitted.allowed;
            const running = this.#running.get(record);
            if (running !== undefined && outcome !== null) running.allowed = permitted;
            decided?.();
            return permitted;
          },
          scan: (files, signal) =>
            this.#parts.scanner.scan(
              {
                end: sourceEnd,
                what: "paths" in source ? { paths: source.paths } : { wanted: source.wanted },
                party: source.party,
              },
              files,
              { signal, to: request.target },
            ),
          allowsUnscanned: (crossing, files, { words, signal }) =>
            this.#allowsUnscanned(record, crossing, files, words, [asking, signal]),
          targetGone: gone.promise,
          turn: async (signal) => {
            const running = this.#running.get(record);
            if (running !== undefined) await this.#takeTurn(record, running, signal);
            this.#endIfDenied(record);
          },
          isPaused: () => {
            const running = this.#running.get(record);
            return running === undefined || this.#isPaused(record, running);
          },
          changed: () => {
            if (record.state === "moving") this.#keepSometimes();
            this.#changed();
          },
        },
        cancelling.signal,
      );
      this.#running.set(record, { cancelling, run, allowed: null, endTurn: null, resuming: null });
      end = await run.end;
    } catch (error) {
      // The host's program, or its folder.
      if (!(error instanceof Error)) throw error;
      end = { state: "failed", detail: error.message };
    }
    const running = this.#running.get(record);
    running?.resuming?.abort();
    if (running !== undefined) endTurn(running);
    gone.forget();
    for (const host of hosts) host.end();
    this.#running.delete(record);
    if (end.state === "interrupted" && !isResumable(request)) end = { ...end, state: "failed" };
    return this.#recordEnd(outcome, this.#over(record, end, (performance.now() - beganMs) / 1000));
  }

  /** To the audit log, the end of each crossing that was allowed. */
  async #recordEnd(outcome: CrossingOutcome | null, over: TransferEnd): Promise<TransferEnd> {
    if (outcome !== null) await this.#parts.crossings.ended(outcome, { bytes: over.bytes, detail: endWords(over) });
    return over;
  }

  async #permit(
    record: TransferRecord,
    files: readonly ListedFile[],
    bytes: number,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<Permit & { allowed: CrossingOutcome | null }> {
    const { permission } = record.request;
    if (permission.kind === "given") {
      const { scans = false, oneScannerSuffices = false, unscanned = null } = permission;
      return {
        allowed: allowedBefore(record.request),
        scans,
        oneScannerSuffices,
        unscanned,
        refusal: permission.admits?.(bytes) ?? null,
      };
    }
    const crossing = crossingOf(record.request, bytes);
    const outcome = await this.#asked({ crossing, subject: "" }, files, bytes, signals);
    const { scans = false, oneScannerSuffices = false, asksUnscanned = false } = outcome;
    const unscanned = asksUnscanned ? crossing : null;
    const terms = { scans, oneScannerSuffices, unscanned };
    if (outcome.allowed) return { allowed: outcome, ...terms, refusal: null };
    this.#refusals.set(record, outcome);
    return { allowed: null, ...terms, refusal: outcome.explanation };
  }

  async #allowsUnscanned(
    { request: { permission } }: TransferRecord,
    crossing: Crossing,
    files: readonly ListedFile[],
    warning: string,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<boolean> {
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    const takesSafeCopy = permission.kind === "given" ? permission.takesSafeCopy : undefined;
    const offersSafeCopy = takesSafeCopy !== undefined;
    const request = { crossing: { ...crossing, bytes }, subject: "", isAlwaysAsked: true, offersSafeCopy, warning };
    const outcome = await this.#asked(request, files, bytes, signals);
    if (outcome.wantsSafeCopy === true) takesSafeCopy?.();
    await this.#parts.crossings.ended(outcome, { bytes, detail: `let through: ${warning}`, isQuiet: true });
    return outcome.allowed;
  }

  /** @param signals aborted: nobody waits for the answer any more */
  async #asked(
    request: CrossingRequest,
    files: readonly ListedFile[],
    bytes: number,
    signals: readonly (AbortSignal | undefined)[],
  ): Promise<CrossingOutcome> {
    const current = { kind: "text", text: previewText(files), bytes, isComplete: true } as const;
    const waiting = new AbortController();
    const leave = (): void => waiting.abort();
    for (const signal of signals) {
      if (signal?.aborted === true) leave();
      signal?.addEventListener("abort", leave, { once: true });
    }
    try {
      return await this.#parts.crossings.request(
        { ...request, preview: { current, onChange: () => () => undefined } },
        { signal: waiting.signal },
      );
    } finally {
      for (const signal of signals) signal?.removeEventListener("abort", leave);
    }
  }

  #over(record: TransferRecord, { state, detail }: RunEnd, seconds: number): TransferEnd {
    if (state === "failed" || state === "cancelled" || (state === "denied" && record.hasMoved)) record.giveUp();
    record.state = state;
    record.detail = detail;
    this.#trimInterrupted();
    this.#keep();
    this.#trim();
    this.#changed();
    const files = record.report;
    const bytes = files.reduce((sum, { outcome, bytes: size }) => sum + (isWhole(outcome) ? size : 0), 0);
    return { state, files, bytes, seconds: Math.round(seconds * 1000) / 1000, detail };
  }

  /** The oldest one of the VM that has the most is given up: nobody's leave no room for those of others. */
  #trimInterrupted(): void {
    const interrupted = [...this.#records.values()].filter(({ state }) => state === "interrupted");
    const sourceOf = ({ request }: TransferRecord): string => keyOfEnd(request.source.party);
    const countOf = (record: TransferRecord): number =>
      interrupted.filter((other) => sourceOf(other) === sourceOf(record)).length;
    while (interrupted.length > MAX_INTERRUPTED) {
      const record = interrupted.reduce((most, one) => (countOf(one) > countOf(most) ? one : most));
      interrupted.splice(interrupted.indexOf(record), 1);
      record.giveUp();
      record.state = "failed";
      record.detail = `It was given up, as more than ${MAX_INTERRUPTED} transfers were interrupted: resume those that you need. ${record.detail}`;
    }
  }

  #trim(): void {
    const ended = [...this.#records.values()].filter(({ isEnded }) => isEnded);
    let files = ended.reduce((sum, { size }) => sum + size, 0);
    let count = ended.length;
    for (const record of ended) {
      if (count <= MAX_ENDED && (files <= MAX_ENDED_FILES || count === 1)) return;
      this.#records.delete(record.id);
      [count, files] = [count - 1, files - record.size];
    }
  }

  #changed(): void {
    this.emit("changed");
  }

  #keptAtMs = 0;
  #keptIds = "";
  /** When another one moves, and some times a minute. */
  #keepSometimes(): void {
    const ids = this.#onTheirWay.map(({ id }) => id).join();
    if (ids !== this.#keptIds || performance.now() - this.#keptAtMs > 5_000) this.#keep();
  }

  #keep(): void {
    const records = this.#onTheirWay;
    this.#keptAtMs = performance.now();
    this.#keptIds = records.map(({ id }) => id).join();
    this.#parts.file.write([...this.#unknown, ...records.map(keptOf)]);
  }

  get #onTheirWay(): TransferRecord[] {
    const isKept = ({ hasMoved, isEnded, request, only }: TransferRecord): boolean =>
      hasMoved && !isEnded && isResumable(request) && (only?.length ?? 0) <= MAX_ONLY_KEPT;
    return [...this.#records.values()].filter(isKept);
  }

  /** null: one of its VMs is not there any more. */
  #requestOf({ from, to, paths, target }: KeptTransfer): TransferRequest | null {
    const partyOf = (id: VmId | null): FilesParty | null => {
      if (id === null) return { kind: "host" };
      const vm = this.#parts.vm(id);
      return vm === undefined ? null : { kind: "vm", vm };
    };
    const [source, receiver] = [partyOf(from), partyOf(to)];
    if (source === null || receiver === null) return null;
    return {
      source: { party: source, paths: paths.map((path) => Buffer.from(path, "base64")) },
      target: receiver,
      destination: target === null ? { kind: "incoming" } : { kind: "path", path: Buffer.from(target, "base64") },
      permission: { kind: "ask" },
    };
  }
}

function isUnderWay({ isEnded, state }: TransferRecord): boolean {
  return !isEnded && state !== "interrupted";
}

/** null: it is to be asked for. */
function allowedBefore({ permission }: TransferRequest): CrossingOutcome | null {
  if (permission.kind === "ask") return null;
  return { allowed: true, by: "rule", rule: null, explanation: "", seq: permission.seq };
}

/** What the policy is asked, as its parties are now. */
function crossingOf({ permission, source, target }: TransferRequest, bytes: number): Crossing {
  if (permission.kind === "given") return { ...permission.crossing, bytes };
  return { action: "file.send", from: partyOfEnd(source.party), to: partyOfEnd(target), type: null, bytes };
}

function endTurn(running: Running): void {
  running.endTurn?.();
  running.endTurn = null;
}

function keptOf({ id, request, known, only }: TransferRecord): KeptTransfer {
  const { source, target, destination } = request;
  const idOf = (party: FilesParty): VmId | null => (party.kind === "host" ? null : party.vm.id);
  const paths = "paths" in source ? source.paths : [];
  return {
    id,
    from: idOf(source.party),
    to: idOf(target),
    paths: paths.map((path) => Buffer.from(path).toString("base64")),
    target: destination.kind === "path" ? Buffer.from(destination.path).toString("base64") : null,
    only: only?.map((path) => Buffer.from(path).toString("base64")) ?? null,
    ...known,
  };
}

export function isWhole(outcome: TransferEnd["files"][number]["outcome"]): boolean {
  return outcome === "whole" || outcome === "kept-both";
}

/** For the audit log: how it ended, where not all is well. */
function endWords({ state, detail, files }: TransferEnd): string {
  const not = files.filter(
    ({ outcome }) => outcome === "refused" || outcome === "failed" || outcome === "skipped",
  ).length;
  const words = [
    ...(state === "done" ? [] : [state]),
    ...(detail === "" ? [] : [detail]),
    ...(not === 0 ? [] : [`${not} of ${files.length} files did not arrive`]),
  ];
  return words.join("; ");
}

function wrongState({ id, state }: TransferRecord, verb: string): AppError {
  return new AppError("transfer.wrong-state", `Transfer ${id} is ${state}, so it cannot be ${verb}.`, { id, state });
}
