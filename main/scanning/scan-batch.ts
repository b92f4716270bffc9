/**
 * Some files of one source, looked at by one engine. They go to its VM as any files do, from agent to agent, into its memory, and
 * each is a job of its program. Nothing that the engine says is believed but its own verdict about the bytes that have come there.
 */
import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { messageOf } from "#shared/model/app-error.ts";
import { type EngineVerdict, scanAnswer } from "#shared/model/scan.ts";
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import type { ArrivedFile, ListedFile } from "#shared/protocol/files.ts";
import { SourceEnd, TargetEnd } from "../files/ends.ts";
import { keyOfEnd, nameOfEnd } from "../files/parties.ts";
import type { ScanSource } from "../files/file-scanner.ts";
import { joinStreams } from "../vms/joints.ts";
import { type Engine, NoAnswer } from "./engine.ts";
import { keptName, type Keeping } from "./quarantine.ts";

/** In the engine's VM: a folder in memory (services/antivirus). */
const SCAN_FOLDER = "/tmp/atoll-scan";
/** Longest between two signs that files move. */
const STALLED_MS = 60_000;
/** For all of it: others wait for its turn. */
const WHOLE_MS = 30 * 60_000;
const KEY_BYTES = 16;
const GAVE_WAY = new Error("it has given way to others");

export interface LookedAt {
  /** Hexadecimal, of the bytes that have come to the engine's VM; null: not all have. */
  sha256: string | null;
  verdict: EngineVerdict;
  /** Its folder in the engine's quarantine; null: it is not there. */
  key: string | null;
  /** The engine has failed at it, or is not asked about it, as it has before: another one in a VM of its own may be. */
  isForAnother: boolean;
}

export interface BatchOptions {
  signal: AbortSignal;
  /** Its turn is to end: what has no verdict by then is left to another turn. */
  giveWay?: AbortSignal;
  /** Once files come, it does not give way any more. */
  finishes?: boolean;
  /** Of what is known of these bytes already; null: it has to be looked at. */
  known: (sha256: string) => EngineVerdict | null;
  /** Why the engine is not asked about these bytes, but another one may be; null: it is. */
  spared: (sha256: string) => string | null;
  keeping: Pick<Keeping, "verdicts" | "keyFor">;
  looked: (file: ListedFile) => void;
}

/** Never rejects: each file has a verdict, but where it gave way. */
export async function scanBatch(
  engine: Engine,
  source: ScanSource,
  batch: readonly ListedFile[],
  options: BatchOptions,
): Promise<Map<number, LookedAt>> {
  const run = new Batch(engine, source, batch, options);
  return run.run();
}

class Batch {
  readonly #engine: Engine;
  readonly #source: ScanSource;
  readonly #files: ReadonlyMap<number, ListedFile>;
  readonly #options: BatchOptions;
  readonly #looked = new Map<number, LookedAt>();
  readonly #jobs = new Set<Promise<void>>();
  readonly #key = randomBytes(KEY_BYTES);
  readonly #ended = new AbortController();
  /** All files have come, or have failed; or none comes any more. */
  #over: () => void = () => undefined;
  #awaited: number;
  #isComing = false;
  #stalled: NodeJS.Timeout | undefined;

  constructor(engine: Engine, source: ScanSource, batch: readonly ListedFile[], options: BatchOptions) {
    [this.#engine, this.#source, this.#options] = [engine, source, options];
    this.#files = new Map(batch.map((file) => [file.index, file]));
    this.#awaited = batch.length;
    // Each of its files listens while it waits for its turn: Node takes more than ten for a leak, and says so.
    setMaxListeners(Infinity, this.#ended.signal);
  }

  async run(): Promise<Map<number, LookedAt>> {
    const { signal, giveWay, finishes } = this.#options;
    const end = (): void => this.#ended.abort(signal.reason);
    const leave = (): void => {
      if (finishes !== true || !this.#isComing) this.#ended.abort(GAVE_WAY);
    };
    signal.addEventListener("abort", end, { once: true });
    giveWay?.addEventListener("abort", leave, { once: true });
    if (signal.aborted) end();
    const whole = setTimeout(() => this.#ended.abort(new Error("its files took too long")), WHOLE_MS);
    let why = "the files stopped coming";
    try {
      why = await this.#move();
    } catch (error) {
      why = messageOf(error);
    }
    signal.removeEventListener("abort", end);
    giveWay?.removeEventListener("abort", leave);
    clearTimeout(whole);
    clearTimeout(this.#stalled);
    if (this.#hasGivenWay) return this.#looked;
    for (const index of this.#files.keys())
      if (!this.#looked.has(index)) this.#say(index, null, this.#failed("error", why));
    return this.#looked;
  }

  get #hasGivenWay(): boolean {
    return this.#ended.signal.reason === GAVE_WAY;
  }

  get #folder(): string {
    return `${SCAN_FOLDER}/${this.#key.toString("hex")}`;
  }

  /** Resolves when no more files come: with the reason for those that have not. */
  async #move(): Promise<string> {
    const files = [...this.#files.values()];
    const [first] = files;
    if (first === undefined) return "";
    await this.#engine.ready(this.#ended.signal);
    // Whoever has left while it waited for its turn.
    this.#ended.signal.throwIfAborted();
    const source = new SourceEnd(this.#source.end, this.#source.what);
    let target: TargetEnd | null = null;
    const aborted = new Promise<null>((resolve) =>
      this.#ended.signal.addEventListener("abort", () => resolve(null), { once: true }),
    );
    try {
      const listed = await Promise.race([source.listed, aborted]);
      if (listed === null) return "the files are not there any more";
      const over = new Promise<void>((resolve) => (this.#over = resolve));
      target = new TargetEnd(
        this.#engine.vm,
        {
          key: this.#key,
          origin: nameOfEnd(this.#source.party),
          into: { kind: "path", path: Buffer.from(`${this.#folder}/`) },
          files: files.length,
          bytes: files.reduce((sum, { size }) => sum + size, 0),
          isOpened: false,
          isReadOnly: false,
        },
        // Names are the host's: the engine's VM may refuse a source's.
        files.map((file) => ({ ...file, path: Buffer.from(String(file.index)), executable: false })),
        (arrived) => {
          this.#isMoving();
          for (const file of arrived) this.#arrived(file);
        },
      );
      this.#isMoving();
      const ready = await Promise.race([target.ready, aborted, over]);
      if (ready === null || ready === undefined) return "the scanner took no files";
      const isLeftOut = ({ index, kind }: ListedFile): boolean =>
        kind === "file" && index > first.index && !this.#files.has(index);
      const leftOut = listed.filter(isLeftOut).map(({ index }) => index);
      source.send({ first: first.index, offset: 0, prefixSha256: new Uint8Array(0) }, leftOut);
      const [out, into] = await Promise.all([source.stream, target.stream]);
      if (out === null || into === null) return "the files could not be sent to the scanner";
      this.#isComing = true;
      joinStreams({ vm: this.#source.end, stream: out }, { vm: this.#engine.vm, stream: into });
      if (this.#awaited > 0) {
        const lost = target.over.then((end) => (end.kind === "lost" ? "the scanner's VM was lost" : null));
        const why = await Promise.race([over, lost, aborted, source.over.then(() => target?.over)]);
        if (typeof why === "string") return why;
      }
      return "its bytes did not come";
    } finally {
      await Promise.all([source.stop(false), target?.stop(false)]);
      await Promise.all(this.#jobs);
      // Also of what came and was not asked about. An engine that is gone has nothing to forget.
      void this.#engine.job({ forget: this.#folder }, new AbortController().signal).catch(() => undefined);
    }
  }

  #isMoving(): void {
    clearTimeout(this.#stalled);
    this.#stalled = setTimeout(() => this.#over(), STALLED_MS);
  }

  #arrived({ index, outcome, reason, sha256 }: ArrivedFile): void {
    if (this.#hasGivenWay) return;
    this.#awaited -= 1;
    if (this.#awaited === 0) {
      clearTimeout(this.#stalled);
      this.#over();
    }
    if (outcome !== "whole") {
      const why = reason === null ? "it did not come" : FILE_REASON_WORDS[reason];
      return this.#say(index, null, this.#failed("not-scanned", why));
    }
    const job = this.#look(index, Buffer.from(sha256).toString("hex"));
    this.#jobs.add(job);
    void job.finally(() => this.#jobs.delete(job));
  }

  async #look(index: number, sha256: string): Promise<void> {
    const { known, keeping } = this.#options;
    const key = keeping.keyFor(this.#engine, sha256);
    const before = known(sha256);
    const isKnown = before !== null && (key === null || !keeping.verdicts.includes(before.verdict));
    if (isKnown) return this.#say(index, sha256, before);
    const spared = this.#options.spared(sha256);
    if (spared !== null) return this.#say(index, sha256, this.#failed("error", spared), { isForAnother: true });
    const { verdict, isKept, isUnanswered } = await this.#ask(index, sha256, key);
    // It was not asked, or not to the end.
    if (this.#hasGivenWay && verdict.verdict === "error" && !isUnanswered) return;
    this.#say(index, sha256, verdict, { key: isKept ? key : null, isForAnother: isUnanswered });
  }

  async #ask(index: number, sha256: string, key: string | null) {
    // One that has crashed has another when it is back, or none yet.
    const { identity } = this.#engine;
    const failed = (why: string, isUnanswered = false) => ({
      verdict: this.#failed("error", why, identity),
      isKept: false,
      isUnanswered,
    });
    const file = this.#files.get(index);
    const { verdicts } = this.#options.keeping;
    const keep = key === null || file === undefined ? {} : { keep: { key, name: keptName(file.path), verdicts } };
    const party = keyOfEnd(this.#source.party);
    try {
      const input = { scan: { path: `${this.#folder}/${index}`, sha256, bytes: file?.size ?? 0, ...keep } };
      const answer = scanAnswer.safeParse(await this.#engine.job(input, this.#ended.signal, party));
      if (!answer.success) return failed("its answer cannot be read");
      const { engine, verdict, signature, reason, kept, ...about } = answer.data;
      if (about.sha256 !== sha256) return failed("it has answered about another file");
      return {
        verdict: { ...engine, verdict, signature, reason },
        isKept: kept && verdicts.includes(verdict),
        isUnanswered: verdict === "error",
      };
    } catch (error) {
      return failed(messageOf(error), error instanceof NoAnswer);
    }
  }

  #say(
    index: number,
    sha256: string | null,
    verdict: EngineVerdict,
    { key = null, isForAnother = false }: Partial<Pick<LookedAt, "key" | "isForAnother">> = {},
  ): void {
    const file = this.#files.get(index);
    if (file === undefined || this.#looked.has(index)) return;
    this.#looked.set(index, { sha256, verdict, key, isForAnother });
    this.#options.looked(file);
  }

  #failed(verdict: "error" | "not-scanned", reason: string, identity = this.#engine.identity): EngineVerdict {
    const { name } = this.#engine;
    return { ...(identity ?? { name, version: null, signatures: null }), verdict, signature: null, reason };
  }
}
