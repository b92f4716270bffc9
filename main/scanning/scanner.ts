/**
 * Looks at files with every engine that was started. What an engine says of some bytes holds as long as its signatures are the same.
 * A file at which it crashes or hangs is looked at by another one in a VM of its own, and the one that all use does not get it again.
 */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { combinedVerdict, type EngineVerdict, type FileVerdict } from "#shared/model/scan.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import type { ScanSource } from "../files/file-scanner.ts";
import { keyOfEnd } from "../files/parties.ts";
import { Turns } from "../files/turns.ts";
import { waitFor } from "../base/waiting.ts";
import type { FilesParty } from "../files/transfer.ts";
import { batchesOf, MAX_SCANNED_BYTES } from "./batches.ts";
import type { Engine } from "./engine.ts";
import type { Keeping, LookedFile, Quarantine } from "./quarantine.ts";
import { type BatchOptions, type LookedAt, scanBatch } from "./scan-batch.ts";
import type { Vm } from "../vms/vm.ts";
import { Spared } from "./spared.ts";
import { VerdictCache } from "./verdict-cache.ts";

/** A scan that goes on in a VM that is to end has so long. */
const RELEASED_MS = 15 * 60_000;
/** A scan begins anew so often, where a scanner gets other signatures meanwhile. */
const MAX_RENEWED = 2;
/** Files of one scan that get a VM of their own, one after another: each takes seconds. */
const MAX_ALONE = 8;

/**
 * Of one engine: with what it unpacks of them they are in its memory, which has room for a few (services/antivirus). A VM may have all
 * while no other one waits: what somebody wants of it now does not wait for what is scanned of it in the background.
 */
const BATCHES_AT_ONCE = 2;
/** And those of one VM so long at a time while another one waits: two that send slowly would keep the engine from all others. */
export const BATCH_SLICE_MS = 20_000;

export interface ScanOptions {
  signal: AbortSignal;
  /** Files that have been looked at by all engines, and their number. */
  progress?: (done: number, files: number) => void;
  /** Where they are on their way to; without it, nowhere. */
  to?: FilesParty;
  /** Each file gets a VM of its own where the engine can have such: `MAX_ALONE` of them, the others are not looked at. */
  alone?: boolean;
  /** False: nothing of it is put into quarantine. */
  keeps?: boolean;
  /** Nobody waits for it: what somebody waits for comes before it. */
  isUnasked?: boolean;
}

/** Of the application, which does not know its engines yet. */
interface Opening {
  /** One will be there that was started in an earlier run. */
  isComing(): boolean;
  /** Resolves when they are known. */
  readonly opened: Promise<void>;
}

const OPENED: Opening = { isComing: () => false, opened: Promise.resolve() };

export class Scanner {
  readonly #engines: () => readonly Engine[];
  readonly #cache = new VerdictCache();
  readonly #spared = new Spared();
  /** How many scans use a VM, and who waits for their end. */
  readonly #uses = new Map<Vm, number>();
  readonly #waiting = new Set<() => void>();
  /** By an engine's VM: who may have files there. */
  readonly #turns = new WeakMap<Vm, Turns>();

  readonly #quarantine: Pick<Quarantine, "begin">;
  readonly #opening: Opening;

  /** @param engines those that were started */
  constructor(engines: () => readonly Engine[], quarantine: Pick<Quarantine, "begin">, opening: Opening = OPENED) {
    this.#engines = engines;
    this.#quarantine = quarantine;
    this.#opening = opening;
  }

  /** Whether anything would be looked at. */
  get isThere(): boolean {
    return this.#engines().length > 0 || this.#opening.isComing();
  }

  /** All of them can be asked now. */
  get isReady(): boolean {
    return !this.#opening.isComing() && this.#engines().every(({ isReady }) => isReady);
  }

  /** @throws AppError scan.no-scanner */
  check(): void {
    if (this.isThere) return;
    throw new AppError("scan.no-scanner", 'No scanner runs: "atoll service start antivirus" starts one.');
  }

  /** Resolves when no scan uses that VM, or those that do have had their time: a hostile source can make one very long. */
  released(vm: Vm): Promise<void> {
    return waitFor({
      listen: ({ resolve }) => {
        const look = (): void => {
          if (!this.#uses.has(vm)) resolve();
        };
        look();
        this.#waiting.add(look);
        return () => this.#waiting.delete(look);
      },
      timeoutMs: RELEASED_MS,
      onTimeout: ({ resolve }) => resolve(),
    });
  }

  /** Of a file that no engine has got. */
  unread(reason: string): FileVerdict {
    return unreadBy(this.#engines(), reason);
  }

  /** Those of `listed` that are files. Never rejects: each has a verdict, by index. */
  async scan(
    source: ScanSource,
    listed: readonly ListedFile[],
    options: ScanOptions,
  ): Promise<ReadonlyMap<number, FileVerdict>> {
    if (this.#opening.isComing()) await this.#opening.opened;
    const files = listed.filter(({ kind }) => kind === "file");
    for (let left = MAX_RENEWED; ; left -= 1) {
      const engines = this.#engines();
      const isRenewed = (): boolean => left > 0 && !options.signal.aborted && areOthers(engines, this.#engines());
      const verdicts = await this.#scanBy(engines, source, files, options, isRenewed);
      if (verdicts !== null) return verdicts;
    }
  }

  /** null: signatures have become others meanwhile, as `isRenewed` says, and nothing of it is kept. */
  async #scanBy(
    engines: readonly Engine[],
    source: ScanSource,
    files: readonly ListedFile[],
    { signal, progress = () => undefined, to, alone = false, keeps = true, isUnasked = false }: ScanOptions,
    isRenewed: () => boolean,
  ): Promise<ReadonlyMap<number, FileVerdict> | null> {
    const small = files.filter(({ size }) => size <= MAX_SCANNED_BYTES);
    const steps = small.length * engines.length;
    let done = 0;
    const looked = (): void => {
      done += 1;
      progress(Math.floor((done * small.length) / steps), files.length);
    };
    const keeping = keeps ? this.#quarantine.begin(source.party, to ?? null) : KEEPS_NOTHING;
    const options = { signal, looked, keeping, alone, isUnasked };
    const byEngine = await Promise.all(
      engines.map((engine) => this.#using(engine.vm, () => this.#look(engine, source, small, options))),
    );
    if (isRenewed()) {
      keeping.end([]);
      return null;
    }
    const judged = files.map((file) => ({ file, verdict: verdictOf(file, engines, byEngine) }));
    const places = (index: number): LookedFile["places"] =>
      engines.flatMap(({ name: service }, at) => {
        const { key = null, sha256 = null } = byEngine[at]?.get(index) ?? {};
        return key === null || sha256 === null ? [] : [{ service, key, sha256 }];
      });
    keeping.end(
      judged
        .filter(({ verdict: { verdict } }) => keeping.verdicts.includes(verdict))
        .map((one) => ({ ...one, places: places(one.file.index) })),
    );
    return new Map(judged.map(({ file: { index }, verdict }) => [index, verdict]));
  }

  async #using<Result>(vm: Vm, work: () => Promise<Result>): Promise<Result> {
    this.#uses.set(vm, (this.#uses.get(vm) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#uses.get(vm) ?? 1) - 1;
      if (left > 0) this.#uses.set(vm, left);
      else this.#uses.delete(vm);
      for (const look of this.#waiting) look();
    }
  }

  async #look(
    engine: Engine,
    source: ScanSource,
    files: readonly ListedFile[],
    {
      signal,
      looked,
      keeping,
      alone,
      isUnasked,
    }: Pick<BatchOptions, "signal" | "looked" | "keeping"> & Required<Pick<ScanOptions, "alone" | "isUnasked">>,
  ): Promise<ReadonlyMap<number, LookedAt>> {
    const all = new Map<number, LookedAt>();
    const party = keyOfEnd(source.party);
    const isAlone = alone && engine.alone !== null;
    let another = 0;
    const waiting = batchesOf(files);
    let finishes = false;
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      const known = (sha256: string): EngineVerdict | null =>
        isAlone ? null : this.#cache.get(engine.name, party, engine.identity, sha256);
      const spared = (sha256: string): string | null => {
        if (isAlone) return "it was not asked";
        return engine.alone !== null && this.#spared.has(engine.name, engine.identity, sha256)
          ? "it has failed at this file before"
          : null;
      };
      const way = new AbortController();
      const endTurn = await this.#turnsOf(engine).take([party], signal, { giveWay: () => way.abort(), isUnasked });
      const options = { signal, giveWay: way.signal, finishes, known, spared, looked, keeping };
      const found = await scanBatch(engine, source, batch, options);
      endTurn();
      const left = batch.filter(({ index }) => !found.has(index));
      // One file for which a turn was too short may have it to its end, and no more than that.
      finishes = found.size === 0;
      const next = finishes ? [left.slice(0, 1), left.slice(1)] : [left];
      waiting.unshift(...next.filter(({ length }) => length > 0));
      for (const file of batch) {
        let one = found.get(file.index);
        if (one === undefined) continue;
        if (one.isForAnother && engine.alone !== null && !signal.aborted) {
          if (!isAlone) this.#spared.add(engine.name, one);
          another += 1;
          if (another <= MAX_ALONE) one = await lookAlone(engine, source, { file, first: one }, signal);
        }
        all.set(file.index, one);
        this.#cache.put(engine.name, party, one);
      }
    }
    return all;
  }

  #turnsOf({ vm }: Engine): Turns {
    const turns = this.#turns.get(vm) ?? new Turns(BATCHES_AT_ONCE, { sliceMs: BATCH_SLICE_MS });
    this.#turns.set(vm, turns);
    return turns;
  }
}

/** The word of another one counts, if it is about the same bytes by the same signatures; else the file stays what it is. */
async function lookAlone(
  { alone }: Engine,
  source: ScanSource,
  { file, first }: { file: ListedFile; first: LookedAt },
  signal: AbortSignal,
): Promise<LookedAt> {
  const failed = (why: string): LookedAt => {
    const reason = `${first.verdict.reason ?? "it has failed"}; in a VM of its own: ${why}`;
    return { ...first, verdict: { ...first.verdict, reason } };
  };
  if (alone === null) return first;
  try {
    const look = async (other: Engine, until: AbortSignal): Promise<LookedAt> => {
      // What that VM would keep is gone with it.
      const none = { known: () => null, spared: () => null, looked: () => undefined, keeping: KEEPS_NOTHING };
      const again = (await scanBatch(other, source, [file], { signal: until, ...none })).get(file.index);
      if (again === undefined || again.sha256 !== first.sha256) return failed("it is another file by now");
      if (again.verdict.verdict === "error") return failed(again.verdict.reason ?? "it has failed");
      if (again.verdict.signatures !== first.verdict.signatures) return failed("it has other signatures");
      return again;
    };
    return await alone(look, signal, keyOfEnd(source.party));
  } catch (error) {
    return failed(messageOf(error));
  }
}

/** Of one of these services another VM is used by now, with other signatures. */
function areOthers(engines: readonly Engine[], now: readonly Engine[]): boolean {
  const [names, vms] = [new Set(engines.map(({ name }) => name)), new Set(engines.map(({ vm }) => vm))];
  return now.some(({ name, vm }) => names.has(name) && !vms.has(vm));
}

const KEEPS_NOTHING: Keeping = { verdicts: [], keyFor: () => null, end: () => undefined };

function unreadBy(engines: readonly Engine[], reason: string): FileVerdict {
  const verdicts = engines.map(({ name, identity }): EngineVerdict => ({
    ...(identity ?? { name, version: null, signatures: null }),
    ...{ verdict: "not-scanned", signature: null, reason },
  }));
  return { sha256: null, verdict: "not-scanned", engines: verdicts };
}

function verdictOf(
  { index, size }: ListedFile,
  engines: readonly Engine[],
  byEngine: readonly ReadonlyMap<number, LookedAt>[],
): FileVerdict {
  if (size > MAX_SCANNED_BYTES) {
    return unreadBy(engines, `it has more than ${MAX_SCANNED_BYTES / 1_048_576} MiB`);
  }
  const looked = byEngine.flatMap((one) => one.get(index) ?? []);
  const verdicts = looked.map(({ verdict }) => verdict);
  const [sha256 = null, ...others] = looked.map((one) => one.sha256);
  // It was read once for each engine.
  const isSame = others.every((other) => other === sha256);
  if (isSame) return { sha256, verdict: combinedVerdict(verdicts), engines: verdicts };
  const verdict = combinedVerdict([...verdicts, { verdict: "not-scanned" }]);
  return { sha256: null, verdict, engines: verdicts };
}
