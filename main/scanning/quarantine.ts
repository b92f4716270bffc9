/**
 * Files that scanners keep apart, each in its own VM. Here is what each is and where it came from, which no scanner says: of those
 * only which files they have, and bytes that are known by their digest.
 */
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { CrossingParty } from "#shared/model/crossing.ts";
import { laterWords, type QuarantinedFile, type QuarantineState } from "#shared/model/quarantine.ts";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { type FileVerdict, type ScanVerdict, verdictWords } from "#shared/model/scan.ts";
import { escapeForLog } from "#shared/model/text.ts";
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { type Crossings, refusalOf } from "../crossings/crossings.ts";
import { pathText } from "../files/names.ts";
import { partyOfEnd } from "../files/parties.ts";
import type { FilesParty, StartTransfer, TransferEnd } from "../files/transfer.ts";
import { partyView } from "../policy/party-view.ts";
import type { Vm } from "../vms/vm.ts";
import type { Engine } from "./engine.ts";
import type { QuarantineEntry, QuarantineFile } from "./quarantine-file.ts";

/** In a scanner's VM: quarantine.py of the antivirus has the same. */
export const QUARANTINE_FOLDER = "/home/user/kept/quarantine";
const KEY_BYTES = 16;
const MAX_NAME_BYTES = 200;
/** What a scanner has looked at to its end. */
const CERTAIN: readonly ScanVerdict[] = ["clean", "found", "suspicious"];
/** As many as scanners keep. The oldest goes. */
const MAX_FILES = 1_000;

interface QuarantineParts {
  file: Pick<QuarantineFile, "read" | "write">;
  engines: () => readonly Engine[];
  crossings: () => Pick<Crossings, "request">;
  startTransfer: StartTransfer;
  /** undefined: there is no VM with this id. */
  vm: (id: VmId) => Vm | undefined;
}

export interface LookedFile {
  file: ListedFile;
  verdict: FileVerdict;
  /** Of each scanner that has kept it now: the bytes are those that it has got. */
  places: readonly { service: string; key: string; sha256: string }[];
}

/** Files on one way that are being scanned: what of them is to be kept. */
export interface Keeping {
  /** What a scanner is to keep, where its verdict is one of these. */
  readonly verdicts: readonly ScanVerdict[];
  /** The folder for these bytes in that scanner's quarantine; null: it need not keep them. */
  keyFor(engine: Engine, sha256: string): string | null;
  /** All are looked at; those whose verdict is one of these. */
  end(files: readonly LookedFile[]): void;
}

export interface QuarantineEvents {
  changed: [];
  /** All were looked at with new signatures: of these, scanners say something else than `before`. */
  reviewed: [files: readonly ReviewedFile[]];
}

export interface ReviewedFile {
  file: QuarantinedFile;
  before: Pick<FileVerdict, "verdict" | "engines">;
}

export class Quarantine extends Emitter<QuarantineEvents> {
  readonly #parts: QuarantineParts;
  #entries: QuarantineEntry[] = [];
  #lastId = 0;
  /** Without it nobody knows what the scanners' files are. */
  readonly #isKnown: boolean;
  /** What is known now is on the disk too. */
  #isWritten = true;
  /** Keys that were given out for what is being scanned. */
  readonly #pending = new Set<string>();
  /** Keys that a scanner was asked to remove. */
  readonly #dropped = new Set<string>();
  #shown = "";

  constructor(parts: QuarantineParts) {
    super();
    this.#parts = parts;
    const read = parts.file.read();
    this.#isKnown = read !== null;
    if (read !== null) [this.#entries, this.#lastId] = [read.files, read.lastId];
  }

  /** Newest first. */
  get files(): QuarantinedFile[] {
    const kept = this.#kept;
    return this.#entries.toReversed().map((entry) => shownAs(entry, stateIn(kept, entry)));
  }

  /**
   * Signatures have become others: all that can be restored is looked at again, one after another. Files are where they were
   * afterwards, whatever is said of them: a person decides.
   *
   * @param scan what lies at this path of a scanner's VM; rejects where that is gone
   */
  async scanAgain(scan: (vm: Vm, path: Uint8Array) => Promise<readonly ScannedFile[]>): Promise<void> {
    const reviewed: ReviewedFile[] = [];
    for (const key of new Set(this.#entries.map((one) => one.key))) {
      const entry = this.#entries.find((one) => one.key === key);
      if (entry === undefined || this.#stateOf(entry) !== "kept") continue;
      const engine = this.#engineOf(entry);
      try {
        const [file] = await scan(engine.vm, Buffer.from(placeOf(entry)));
        // Another file is the scanner's lie; and a scanner that has failed says nothing new.
        if (file !== undefined && file.sha256 === entry.sha256 && CERTAIN.includes(file.verdict))
          reviewed.push(...this.#review(key, file));
      } catch (error) {
        log(`file ${entry.id} in quarantine was not scanned again: ${messageOf(error)}`);
      }
    }
    if (reviewed.length > 0) this.emit("reviewed", reviewed);
  }

  /** Those of the same bytes have one copy. */
  #review(key: string, { verdict, engines }: ScannedFile): ReviewedFile[] {
    const reviewed: ReviewedFile[] = [];
    this.#entries = this.#entries.map((entry) => {
      const before = entry.now ?? entry;
      if (entry.key !== key || before.verdict === verdict) return entry;
      const now = { verdict, engines, time: new Date().toISOString() };
      const after = { ...entry, now: verdict === entry.verdict ? null : now };
      reviewed.push({ file: shownAs(after, "kept"), before: { verdict: before.verdict, engines: before.engines } });
      return after;
    });
    if (reviewed.length > 0) this.#changed();
    return reviewed;
  }

  /** Files of `from` are scanned. `to`: where they are on their way to, held unless they are clean; null: nowhere. */
  begin(from: FilesParty, to: FilesParty | null): Keeping {
    const keys = new Set<string>();
    if (!this.#isWritten) this.#write();
    return {
      verdicts: to === null ? ["found", "suspicious"] : ["found", "suspicious", "not-scanned"],
      keyFor: (engine, sha256) => {
        const has = this.#entries.some(
          (entry) => entry.sha256 === sha256 && entry.service === engine.name && this.#stateOf(entry) === "kept",
        );
        // The application's next run removes what it does not know: nothing is kept that may not be written down.
        if (has || engine.kept === null || !this.#isKnown || !this.#isWritten) return null;
        const key = randomBytes(KEY_BYTES).toString("hex");
        keys.add(key);
        this.#pending.add(key);
        return key;
      },
      end: (files) => {
        for (const one of files) this.#add(one, from, to);
        for (const key of keys) this.#pending.delete(key);
        if (files.length > 0) this.#changed();
        else this.look();
      },
    };
  }

  /** What scanners have may be something else by now. */
  look(): void {
    const known = new Set(this.#entries.map(({ key }) => key));
    const kept = this.#kept;
    for (const key of this.#dropped)
      if (![...kept.values()].some((keys) => keys?.has(key) === true)) this.#dropped.delete(key);
    for (const engine of this.#isKnown ? this.#parts.engines() : []) {
      const lost = [...(kept.get(engine.name) ?? [])].filter(
        (key) => !known.has(key) && !this.#pending.has(key) && !this.#dropped.has(key),
      );
      if (lost.length > 0) void this.#drop(engine, lost).catch((error: unknown) => log(messageOf(error)));
    }
    const shown = JSON.stringify(this.#entries.map((entry) => [entry.id, entry.time, entry.now, stateIn(kept, entry)]));
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.emit("changed");
  }

  /**
   * Asks the person, and sends the file there; its absolute path there. It is in quarantine no more then.
   *
   * @param to undefined: where it was on its way to, else where it came from
   * @param signal aborted: nobody waits for the answer any more
   * @throws AppError quarantine.*, policy.*, vm.not-found, vm.not-running, transfer.failed
   */
  async restore(id: number, to: FilesParty | undefined, signal: AbortSignal | undefined): Promise<string> {
    const entry = this.#entry(id);
    const engine = this.#engineOf(entry);
    const source = this.#partyOf(entry.from);
    if (source === null)
      throw new AppError(
        "quarantine.no-source",
        `The VM that this file came from is gone, so no rule says where it may go: it can only be deleted.`,
        { id },
      );
    const target = to ?? this.#partyOf(entry.to ?? entry.from);
    if (target === null)
      throw new AppError("vm.not-found", "The VM that this file was for is gone: say where else it shall go.", { id });
    if (target.kind === "vm" && target.vm.state !== "running") {
      const { name } = target.vm.definition;
      throw new AppError("vm.not-running", `VM "${name}" is ${target.vm.state}: start it first.`, { vm: name });
    }
    const [bytes, text] = [entry.bytes, escapeForLog(entry.path)];
    const crossing = {
      action: "file.send",
      from: partyOfEnd(source),
      to: partyOfEnd(target),
      type: null,
      bytes,
    } as const;
    const current = { kind: "text", text, bytes: Buffer.byteLength(text), isComplete: true } as const;
    const outcome = await this.#parts.crossings().request(
      {
        crossing,
        subject: "",
        isAlwaysAsked: true,
        warning: warningOf(entry),
        preview: { current, onChange: () => () => undefined },
      },
      signal === undefined ? {} : { signal },
    );
    if (!outcome.allowed) throw refusalOf(outcome);
    const end = await this.#parts.startTransfer({
      source: { party: { kind: "vm", vm: engine.vm }, paths: [Buffer.from(placeOf(entry))] },
      target,
      destination: { kind: "incoming" },
      permission: { kind: "given", seq: outcome.seq, crossing, sha256: entry.sha256 },
    }).done;
    const [file] = end.files;
    const isThere = file !== undefined && ["whole", "kept-both", "same"].includes(file.outcome);
    if (end.state !== "done" || !isThere)
      throw new AppError("transfer.failed", `The file was not restored, and is still in quarantine. ${whyNot(end)}`, {
        id,
      });
    await this.delete(id);
    return file.arrivedAt === null ? "" : pathText(file.arrivedAt);
  }

  /** @throws AppError quarantine.not-found, quarantine.not-running, service.* */
  async delete(id: number): Promise<void> {
    const entry = this.#entry(id);
    const state = this.#stateOf(entry);
    if (state === "away") this.#engineOf(entry);
    const isShared = this.#entries.some((one) => one !== entry && one.key === entry.key);
    if (state === "kept" && !isShared) await this.#drop(this.#engineOf(entry), [entry.key]);
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#changed();
  }

  #add({ file, verdict, places: [place] }: LookedFile, from: FilesParty, to: FilesParty | null): void {
    const sha256 = place?.sha256 ?? verdict.sha256;
    // Of the same bytes one copy is enough, whatever their names are.
    const copy = this.#entries.find((one) => one.sha256 === sha256 && this.#stateOf(one) === "kept");
    const kept = copy ?? (place === undefined ? null : { ...place, name: keptName(file.path) });
    if (kept === null || sha256 === null) return;
    // The same file again: its newest way is shown. One that is only looked at is on none.
    const [ours, shown] = [partyView(partyOfEnd(from)), pathText(file.path)];
    const before = this.#entries.find(
      (one) => one.key === kept.key && one.path === shown && isDeepStrictEqual(one.from, ours),
    );
    this.#entries = this.#entries.filter((one) => one !== before && (one.sha256 !== sha256 || one.key === kept.key));
    this.#lastId += before === undefined ? 1 : 0;
    this.#entries.push({
      ...{ id: before?.id ?? this.#lastId, service: kept.service, key: kept.key, name: kept.name, sha256 },
      path: shown,
      bytes: file.size,
      from: ours,
      to: to === null ? (before?.to ?? null) : partyView(partyOfEnd(to)),
      time: new Date().toISOString(),
      verdict: verdict.verdict,
      engines: verdict.engines,
      now: null,
    });
    if (this.#entries.length > MAX_FILES) this.#entries.shift();
  }

  /** By service, what it keeps now. */
  get #kept(): Kept {
    return new Map(this.#parts.engines().map(({ name, kept }) => [name, kept]));
  }

  #stateOf(entry: QuarantineEntry): QuarantineState {
    return stateIn(this.#kept, entry);
  }

  /** @throws AppError quarantine.not-found */
  #entry(id: number): QuarantineEntry {
    const entry = this.#entries.find((one) => one.id === id);
    if (entry !== undefined) return entry;
    throw new AppError(
      "quarantine.not-found",
      `There is no file ${id} in quarantine: "atoll quarantine list" shows those that there are.`,
      { id },
    );
  }

  /** That has it. @throws AppError quarantine.not-running, quarantine.gone */
  #engineOf(entry: QuarantineEntry): Engine {
    const { id, service } = entry;
    const state = this.#stateOf(entry);
    const engine = this.#parts.engines().find(({ name }) => name === service);
    if (engine === undefined || state === "away")
      throw new AppError(
        "quarantine.not-running",
        `The file is in service "${service}", which does not run: "atoll service start ${service}" starts it.`,
        { id, service },
      );
    if (state === "kept") return engine;
    throw new AppError("quarantine.gone", `Service "${service}" does not have this file any more: delete its entry.`, {
      id,
      service,
    });
  }

  async #drop(engine: Engine, keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#dropped.add(key);
    try {
      await engine.job({ drop: keys }, new AbortController().signal);
    } catch (error) {
      for (const key of keys) this.#dropped.delete(key);
      throw error;
    }
  }

  /** null: it is not there any more. */
  #partyOf(party: CrossingParty): FilesParty | null {
    if (party.kind === "host") return { kind: "host" };
    const vm = party.kind === "vm" ? this.#parts.vm(party.id) : undefined;
    return vm === undefined ? null : { kind: "vm", vm };
  }

  #changed(): void {
    this.#write();
    this.look();
  }

  #write(): void {
    // What cannot be used is left as it is: a person may repair it.
    if (this.#isKnown) this.#isWritten = this.#parts.file.write({ lastId: this.#lastId, files: this.#entries });
  }
}

type Kept = ReadonlyMap<string, Engine["kept"]>;

function stateIn(kept: Kept, { service, key }: QuarantineEntry): QuarantineState {
  const keys = kept.get(service) ?? null;
  if (keys === null) return "away";
  return keys.has(key) ? "kept" : "gone";
}

function shownAs({ key: _key, name: _name, ...shown }: QuarantineEntry, state: QuarantineState): QuarantinedFile {
  return { ...shown, state };
}

function warningOf(entry: QuarantineEntry): string {
  const later = entry.now === null ? "" : ` With new signatures: ${laterWords(entry.now)}.`;
  return `From quarantine: ${verdictWords(entry)}.${later}`;
}

function placeOf({ key, name }: QuarantineEntry): string {
  return `${QUARANTINE_FOLDER}/${key}/${name}`;
}

/** The last component as a scanner's VM can have it. */
export function keptName(path: Uint8Array): string {
  const text = pathText(path).replaceAll("\0", "");
  let name = text.slice(text.lastIndexOf("/") + 1);
  while (Buffer.byteLength(name) > MAX_NAME_BYTES) name = Array.from(name).slice(0, -1).join("");
  return ["", ".", ".."].includes(name) ? "file" : name;
}

function whyNot({ detail, files: [file] }: TransferEnd): string {
  if (detail !== "") return detail;
  return file?.reason == null ? "It did not arrive." : `It ${FILE_REASON_WORDS[file.reason]}.`;
}
