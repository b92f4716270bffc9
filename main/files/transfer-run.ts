/**
 * One try of a transfer: the source lists, the policy is asked, the target says that it is ready, and the two streams are joined.
 * No byte of a file comes here.
 */
import { AppError } from "#shared/model/app-error.ts";
import { type FileVerdict, passedByOne } from "#shared/model/scan.ts";
import { said } from "#shared/model/text.ts";
import { FILE_REASON_WORDS, type TransferState } from "#shared/model/transfer.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import type { Receiving } from "../link/contracts/files.ts";
import type { Crossing } from "../policy/crossing.ts";
import { joinStreams } from "../vms/joints.ts";
import { type EndOfPart, SourceEnd, TargetEnd } from "./ends.ts";
import type { FilesEnd } from "./host-files.ts";
import { lostWords, stalledWords } from "./parties.ts";
import type { FilesDestination, TransferRequest } from "./transfer.ts";
import type { TransferRecord } from "./transfer-record.ts";

export interface RunEnd {
  state: Extract<TransferState, "interrupted" | "done" | "denied" | "failed" | "cancelled">;
  /** For people; "" = nothing. */
  detail: string;
}

export interface Permit {
  /** Why not, for people; null: it may. */
  refusal: string | null;
  /** Only what scanners have passed. */
  scans: boolean;
  /** Of several one is enough. */
  oneScannerSuffices: boolean;
  /** What the person is asked about of what no scanner could look at; null: it is held. */
  unscanned: Crossing | null;
}

/** Why a run's signal was aborted: rules that have changed deny what they have allowed. */
export class DeniedNow {
  /** For people. */
  readonly words: string;
  /** No rule does: nothing may cross until the policy is mended, and then it can go on. */
  readonly isForNow: boolean;

  constructor(words: string, isForNow: boolean) {
    [this.words, this.isForNow] = [words, isForNow];
  }
}

export interface RunPorts {
  source: FilesEnd;
  target: FilesEnd;
  /** The source's name, as the target notes it. */
  origin: string;
  /** Whether it may cross. Never rejects. `signal`: aborted, nobody waits for the answer any more. */
  permit(files: readonly ListedFile[], bytes: number, signal: AbortSignal): Promise<Permit>;
  /** What scanners say of these files, by index. Never rejects. */
  scan(files: readonly ListedFile[], signal: AbortSignal): Promise<ReadonlyMap<number, FileVerdict>>;
  /** Whether these may cross though no scanner could look at them, which `words` say. Never rejects. */
  allowsUnscanned(
    crossing: Crossing,
    files: readonly ListedFile[],
    options: { words: string; signal: AbortSignal },
  ): Promise<boolean>;
  /** Resolves when the target is gone before anything is asked of it. */
  targetGone: Promise<void>;
  /** Resolves when its turn has come: it moves from then on. */
  turn(signal: AbortSignal): Promise<void>;
  /** Asked every few seconds while it moves: whether nothing can come now, because it or one of its VMs is paused. */
  isPaused(): boolean;
  changed(): void;
}

/** Longest that nothing comes of one that moves and is not paused: a guest that stalls keeps others from their turn. */
const STALLED_MS = 60_000;
const LOOK_MS = 5_000;

/** Never rejects. Cancelled by `signal`, or denied: see DeniedNow. */
export class TransferRun {
  readonly end: Promise<RunEnd>;
  readonly #record: TransferRecord;
  readonly #ports: RunPorts;
  readonly #signal: AbortSignal;
  #source: SourceEnd | null = null;
  #target: TargetEnd | null = null;

  constructor(record: TransferRecord, ports: RunPorts, signal: AbortSignal) {
    this.#record = record;
    this.#ports = ports;
    this.#signal = signal;
    this.end = this.#run().catch((error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      return this.#ended("failed", error.message);
    });
  }

  /** Returns whether there was something to pause. */
  pause(isPaused: boolean): boolean {
    if (this.#target === null || this.#target.isOver) return false;
    this.#target.pause(isPaused);
    return true;
  }

  async #run(): Promise<RunEnd> {
    const record = this.#record;
    const { source: wanted } = record.request;
    const what = "paths" in wanted ? { paths: wanted.paths } : { wanted: wanted.wanted };
    const source = new SourceEnd(this.#ports.source, what);
    this.#source = source;
    const cancelled = whenAborted(this.#signal);
    const listed = await Promise.race([source.listed, cancelled]);
    if (listed === undefined) return this.#cancelled();
    if (listed === null) return this.#sourceFailed(await source.over);
    const named = "paths" in wanted && wanted.name !== undefined ? oneFileAs(wanted.name, listed) : listed;
    if (named === null) return this.#ended("failed", "The source has something else than that one file.");
    record.listed(named);
    this.#ports.changed();
    if (record.sent.length === 0) return this.#ended("done", "");
    // A question is taken back when there is nothing to send any more, or nobody to get it.
    const asking = new AbortController();
    let isTargetGone = false;
    void source.over.then(() => asking.abort());
    void cancelled.then(() => asking.abort());
    void this.#ports.targetGone.then(() => {
      isTargetGone = true;
      asking.abort();
    });
    const gone = async (): Promise<RunEnd | null> => {
      if (this.#signal.aborted) return this.#cancelled();
      if (source.isOver) return this.#sourceFailed(await source.over);
      return isTargetGone ? this.#ended("interrupted", lostWords(record.request.target, false)) : null;
    };
    const { refusal, scans, unscanned, oneScannerSuffices } = await this.#ports.permit(
      record.sent,
      record.bytes,
      asking.signal,
    );
    const end = await gone();
    if (end !== null) return end;
    if (refusal !== null) return this.#ended("denied", refusal);
    if (scans) {
      await this.#scan({ unscanned, oneScannerSuffices }, asking.signal);
      const ended = await gone();
      if (ended !== null) return ended;
      if (record.expected.every(({ kind }) => kind === "folder")) return this.#ended("failed", record.heldWords);
    }
    await this.#ports.turn(this.#signal);
    return (await gone()) ?? this.#move(source, cancelled);
  }

  async #scan(
    { unscanned, oneScannerSuffices }: Pick<Permit, "unscanned" | "oneScannerSuffices">,
    asking: AbortSignal,
  ): Promise<void> {
    const record = this.#record;
    record.state = "scanning";
    this.#ports.changed();
    const verdicts = [...(await this.#ports.scan(record.toScan, asking))];
    record.scanned(
      new Map(verdicts.map(([index, verdict]) => [index, oneScannerSuffices ? passedByOne(verdict) : verdict])),
    );
    const asked = record.unscanned;
    if (unscanned !== null && asked.length > 0 && !asking.aborted) {
      record.state = "waiting";
      this.#ports.changed();
      const options = { words: record.unscannedWords, signal: asking };
      if (await this.#ports.allowsUnscanned(unscanned, asked, options)) record.letThrough(asked);
    }
    this.#ports.changed();
  }

  async #move(source: SourceEnd, cancelled: Promise<undefined>): Promise<RunEnd> {
    const record = this.#record;
    record.state = "moving";
    this.#ports.changed();
    let [quietMs, lastBytes] = [0, 0];
    const target = new TargetEnd(this.#ports.target, this.#receiving(), record.expected, (arrived, bytes) => {
      // A report that says nothing new is no sign of life.
      if (arrived.length > 0 || bytes > lastBytes) quietMs = 0;
      lastBytes = Math.max(lastBytes, bytes);
      record.arrived(arrived, bytes);
      this.#ports.changed();
    });
    this.#target = target;
    const from = await Promise.race([target.ready, cancelled]);
    if (from === undefined) return this.#cancelled();
    if (from === null) return this.#targetOver(await target.over);
    record.resumedAt(from.first);
    const first = record.firstAwaited(from);
    source.send(first, record.notAwaited(first));
    void Promise.all([source.stream, target.stream]).then(([out, into]) => {
      if (out !== null && into !== null)
        joinStreams({ vm: this.#ports.source, stream: out }, { vm: this.#ports.target, stream: into });
    });
    // The target knows when it has all; it hears of a source that is gone by the end of its stream, or here.
    void source.over.then(async (end) => {
      if (end.kind === "lost") await target.stop(true);
    });
    let look: NodeJS.Timeout | undefined;
    const stalled = new Promise<"stalled">((resolve) => {
      look = setInterval(() => {
        quietMs = this.#ports.isPaused() ? 0 : quietMs + LOOK_MS;
        if (quietMs >= STALLED_MS) resolve("stalled");
      }, LOOK_MS);
    });
    const over = await Promise.race([target.over, cancelled, stalled]);
    clearInterval(look);
    if (over === undefined) return this.#cancelled();
    if (over !== "stalled") return this.#targetOver(over);
    return this.#ended("interrupted", stalledWords(record.request.source.party, record.request.target));
  }

  #receiving(): Receiving {
    const { request, key, expected } = this.#record;
    const { destination } = request;
    return {
      key: Buffer.from(key, "hex"),
      origin: this.#ports.origin,
      into: into(destination),
      files: expected.length,
      bytes: expected.reduce((sum, { size }) => sum + size, 0),
      isOpened: destination.kind === "opened",
      isReadOnly: destination.kind === "opened" && destination.isReadOnly,
    };
  }

  /** Of what the source's part came to, the end of all. */
  async #sourceFailed(end: EndOfPart): Promise<RunEnd> {
    const { source } = this.#record.request;
    if (end.kind === "lost") return this.#ended("interrupted", lostWords(source.party, end.isSilent));
    return this.#ended("failed", reasonWords(end));
  }

  async #targetOver(end: EndOfPart): Promise<RunEnd> {
    const { request } = this.#record;
    if (this.#signal.aborted) return this.#cancelled();
    if (end.kind === "lost") return this.#ended("interrupted", lostWords(request.target, end.isSilent));
    const source = this.#source;
    const sourceEnd = source?.isOver === true ? await source.over : null;
    if (sourceEnd?.kind === "lost")
      return this.#ended("interrupted", lostWords(request.source.party, sourceEnd.isSilent));
    if (end.reason === null) return this.#ended("done", this.#record.heldWords);
    const own = reasonWords(end);
    const because = end.reason === "stopped" && end.detail === "" && sourceEnd !== null ? reasonWords(sourceEnd) : own;
    return this.#ended("failed", because);
  }

  async #cancelled(): Promise<RunEnd> {
    const reason: unknown = this.#signal.reason;
    if (reason instanceof DeniedNow) return this.#ended(reason.isForNow ? "interrupted" : "denied", reason.words);
    return this.#ended("cancelled", "");
  }

  /** Nothing of it goes on when this resolves. */
  async #ended(state: RunEnd["state"], detail: string): Promise<RunEnd> {
    const keep = state === "interrupted";
    await Promise.all([this.#source?.stop(keep), this.#target?.stop(keep)]);
    return { state, detail };
  }
}

function into(destination: FilesDestination): Receiving["into"] {
  switch (destination.kind) {
    case "incoming":
    case "opened":
      return { kind: "incoming" };
    case "path":
      return destination;
    case "replaced":
      return { kind: "replaced", path: destination.path, sha256: Buffer.from(destination.sha256, "hex") };
  }
}

/** null: it is something else than one file. */
function oneFileAs(name: Uint8Array, [file, ...others]: readonly ListedFile[]): ListedFile[] | null {
  return file === undefined || file.kind === "folder" || others.length > 0 ? null : [{ ...file, path: name }];
}

function reasonWords(end: EndOfPart): string {
  if (end.kind === "lost" || end.reason === null) return "The source has sent less than it has listed.";
  const words = FILE_REASON_WORDS[end.reason];
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${end.detail === "" ? "" : `: ${said(end.detail, "the VM")}`}.`;
}

/** Resolves with undefined; never where it is not aborted. */
function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** Whether it can be tried again, after an interruption or for what has failed: it is known from where, and nobody waits for it. */
export function isResumable({ source, destination, permission }: TransferRequest): boolean {
  const isPlain = destination.kind === "incoming" || destination.kind === "path";
  return "paths" in source && isPlain && permission.kind === "ask";
}
