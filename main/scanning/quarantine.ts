/**
 * Files that scanners keep apart, each in its own VM. Here is what each is and where it came from, which no scanner says: of those
 * only which files they have, and bytes that are known by their digest.
 */
import { randomBytes } from "node:crypto";
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
/** Of which files the copies are: as many as two scanners keep, but a copy may be of any number. */
export const MAX_FILES = 1_000;

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
  /** Of each scan that goes on: keys that it has given out, and those of copies that it goes by. */
  readonly #inUse = new Set<ReadonlySet<string>>();
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

  /** How many files are, or may be, on a service's disk: they would go with it. */
  countIn(service: string): number {
    return this.files.filter((file) => file.service === service && file.state !== "gone").length;
  }

  /**
   * Signatures have become others: all that can be restored is looked at again, one after another. Files are where they were
   * afterwards, whatever is said of them: a person decides.
   *
   * @param scan what lies at this path of a scanner's VM; rejects where that is gone, or where `signal` was aborted meanwhile
   * @param signal aborted: no more is looked at
   */
  async scanAgain(
    scan: (vm: Vm, path: Uint8Array) => Promise<readonly ScannedFile[]>,
    signal: AbortSignal,
  ): Promise<void> {
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
        if (signal.aborted) break;
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
    /** Of bytes that came up, those that a scanner had already: a person may delete the entry by which they are known. */
    const copies = new Map<string, Copy>();
    this.#inUse.add(keys);
    if (!this.#isWritten) this.#write();
    return {
      verdicts: to === null ? ["found", "suspicious"] : ["found", "suspicious", "not-scanned"],
      keyFor: (engine, sha256) => {
        const copy = this.#entries.find(
          (entry) => entry.sha256 === sha256 && entry.service === engine.name && this.#stays(entry),
        );
        if (copy !== undefined) {
          copies.set(sha256, copy);
          keys.add(copy.key);
          return null;
        }
        // The application's next run removes what it does not know: nothing is kept that may not be written down.
        if (engine.kept === null || !this.#isKnown || !this.#isWritten) return null;
        const key = randomBytes(KEY_BYTES).toString("hex");
        keys.add(key);
        return key;
      },
      end: (files) => {
        for (const one of files) this.#add(one, from, to, copies);
        this.#inUse.delete(keys);
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
        (key) => !known.has(key) && !this.#isInUse(key) && !this.#dropped.has(key),
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
    const shown = { kind: "text", text, bytes: Buffer.byteLength(text), isComplete: true } as const;
    const outcome = await this.#parts.crossings().request(
      {
        crossing,
        subject: "",
        isAlwaysAsked: true,
        warning: warningOf(entry),
        preview: { current: shown, onChange: () => () => undefined },
      },
      signal === undefined ? {} : { signal },
    );
    if (!outcome.allowed) throw refusalOf(outcome);
    // Another VM of the scanner may have it by now, or another copy of it.
    const current = this.#entries.find((one) => one.id === id) ?? entry;
    const { vm } = this.#parts.engines().find(({ name }) => name === current.service) ?? engine;
    const end = await this.#parts.startTransfer({
      source: {
        party: { kind: "vm", vm },
        paths: [Buffer.from(placeOf(current))],
        // The copy may be another file's, of the same bytes.
        name: Buffer.from(keptName(Buffer.from(entry.path))),
      },
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
    // It is there, whether its scanner can be asked now or not: a copy that nobody needs goes when it can.
    this.#entries = this.#entries.filter((one) => one.id !== id);
    this.#changed();
    return file.arrivedAt === null ? "" : pathText(file.arrivedAt);
  }

  /** @throws AppError quarantine.not-found, quarantine.not-running, service.* */
  async delete(id: number): Promise<void> {
    const entry = this.#entry(id);
    const state = this.#stateOf(entry);
    if (state === "away") this.#engineOf(entry);
    const isNeeded = this.#entries.some((one) => one !== entry && one.key === entry.key) || this.#isInUse(entry.key);
    if (state === "kept" && !isNeeded) await this.#drop(this.#engineOf(entry), [entry.key]);
    // The same file may have been kept anew meanwhile.
    this.#entries = this.#entries.filter((one) => one.id !== id || one.key !== entry.key);
    this.#changed();
  }

  #add(
    { file, verdict, places: [place] }: LookedFile,
    from: FilesParty,
    to: FilesParty | null,
    copies: ReadonlyMap<string, Copy>,
  ): void {
    const sha256 = place?.sha256 ?? verdict.sha256;
    if (sha256 === null) return;
    const [ours, path] = [partyView(partyOfEnd(from)), pathText(file.path)];
    const isOfBytes = (one: QuarantineEntry): boolean => one.sha256 === sha256;
    // Of the same bytes one copy is enough, whatever their names are.
    const here = this.#entries.find((one) => isOfBytes(one) && this.#stays(one));
    const fresh = place === undefined ? null : { ...place, name: keptName(file.path) };
    const copy: Copy | null = here ?? fresh ?? this.#copyThatIsAway(copies.get(sha256));
    if (copy === null) return;
    const { service, key, name } = copy;
    // The same file again: its newest way is shown. One that is only looked at is on none.
    const isThisFile = (one: QuarantineEntry): boolean =>
      isOfBytes(one) && one.path === path && keyOf(one.from) === keyOf(ours);
    const before = this.#entries.find(isThisFile);
    this.#lastId += before === undefined ? 1 : 0;
    this.#entries = this.#entries
      .filter((one) => !isThisFile(one))
      // Other files of these bytes, which a scanner has lost, have a copy again.
      .map((one) => (isOfBytes(one) && this.#stateOf(one) === "gone" ? { ...one, service, key, name } : one));
    this.#entries.push({
      ...{ id: before?.id ?? this.#lastId, service, key, name, sha256, path },
      bytes: file.size,
      from: ours,
      to: to === null ? (before?.to ?? null) : partyView(partyOfEnd(to)),
      time: new Date().toISOString(),
      verdict: verdict.verdict,
      engines: verdict.engines,
      now: null,
    });
    if (this.#entries.length > MAX_FILES) this.#forgetOne();
  }

  /** The oldest file of the party that has the most: nobody's files take the place of those of others. */
  #forgetOne(): void {
    const counts = new Map<string, number>();
    for (const { from } of this.#entries) counts.set(keyOf(from), (counts.get(keyOf(from)) ?? 0) + 1);
    const most = Math.max(...counts.values());
    const at = this.#entries.findIndex(({ from }) => counts.get(keyOf(from)) === most);
    this.#entries = this.#entries.toSpliced(at, 1);
  }

  /** It was there when these bytes came up; null: its scanner says that it is not any more. */
  #copyThatIsAway(copy: Copy | undefined): Copy | null {
    return copy === undefined || stateIn(this.#kept, copy) === "gone" ? null : copy;
  }

  /** By service, what it keeps now. */
  get #kept(): Kept {
    return new Map(this.#parts.engines().map(({ name, kept }) => [name, kept]));
  }

  #stateOf(entry: QuarantineEntry): QuarantineState {
    return stateIn(this.#kept, entry);
  }

  /** Its scanner has it, and was not asked to remove it. */
  #stays(entry: QuarantineEntry): boolean {
    return this.#stateOf(entry) === "kept" && !this.#dropped.has(entry.key);
  }

  #isInUse(key: string): boolean {
    return [...this.#inUse].some((keys) => keys.has(key));
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

/** Where bytes lie, which may be those of several files. */
type Copy = Pick<QuarantineEntry, "service" | "key" | "name">;

function stateIn(kept: Kept, { service, key }: Pick<Copy, "service" | "key">): QuarantineState {
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

/** Whatever its name is by now. */
function keyOf(party: CrossingParty): string {
  return party.kind === "vm" ? party.id : JSON.stringify(party);
}

function placeOf({ key, name }: Copy): string {
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
