/**
 * The indexes of services that a person has added: signed lists, verified offline before anything of them is kept. Of each key the
 * versions only rise: an older list than one that was seen is refused, as is one that has expired.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { compareVersions } from "#shared/model/service.ts";
import type { IndexView, Offer, ReadIndex } from "#shared/model/service-index.ts";
import { rightsOf } from "../rights.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { Emitter } from "../../base/emitter.ts";
import { log } from "../../base/log.ts";
import {
  digestOf,
  INDEX_FILE,
  type IndexEntry,
  type IndexList,
  MAX_LIST_BYTES,
  parseIndexList,
  refuseExpired,
  SIGNATURE_SUFFIX,
} from "../signing/lists.ts";
import { fingerprintOf, isPublicKey, MAX_SIGNATURE_BYTES, signatureProblem } from "../signing/minisign.ts";
import { fetchService } from "./fetch-service.ts";
import type { IndexFile } from "./index-file.ts";
import { indexSource } from "./index-source.ts";

export interface IndexesOptions {
  file: IndexFile;
  stateFolder: string;
  /** A person's own recipes, which an image may start from. */
  recipesFolder: string | null;
  /** A developer's switch of the settings. */
  allowsUnsigned: () => boolean;
  nowMs: () => number;
  /** Certificates that are trusted, as PEM; undefined: those of the runtime. */
  ca?: string | undefined;
}

/** A list with the bytes that it is of. */
interface Known {
  list: IndexList;
  source: string;
  key: string | null;
  readMs: number;
}

interface Taken {
  list: IndexList;
  content: Buffer;
  signature: string | null;
  /** Of its place. */
  source: string;
}

/** A service of an index, as it is fetched. */
export interface OfferedService {
  index: string;
  isSigned: boolean;
  entry: IndexEntry;
  source: string;
}

const MAX_INDEXES = 20;
/** How long all of a service may take. */
const FETCH_MS = 600_000;
const FETCH_FOLDER = ".service-fetch-";
const LEFT = /^\.service-(fetch|install|trial)-/;

export class ServiceIndexes extends Emitter<{ changed: [] }> {
  readonly #options: IndexesOptions;
  readonly #known = new Map<string, Known>();
  #keeping: Promise<unknown> = Promise.resolve();

  constructor(options: IndexesOptions) {
    super();
    this.#options = options;
  }

  /** What was kept is verified again: a list that is not what its key has signed is not used. */
  async load(): Promise<void> {
    const { file, stateFolder } = this.#options;
    await file.load();
    for (const { name, source, key, text, signature, readMs } of file.indexes) {
      try {
        const list = verified(Buffer.from(text), signature, key, source);
        if (list.name === name) this.#known.set(name, { list, source, key, readMs });
      } catch (error) {
        log(`index "${name}" is left out: ${messageOf(error)}`);
      }
    }
    // Of an application that was killed while it fetched one, installed or tried it.
    const names = await fsp.readdir(stateFolder).catch(() => []);
    for (const left of names.filter((name) => LEFT.test(name)))
      await fsp.rm(path.join(stateFolder, left), { recursive: true, force: true });
  }

  /** In the order of their names. */
  get views(): IndexView[] {
    return [...this.#known.values()].map((known) => this.#viewOf(known));
  }

  /** @throws AppError index.not-found */
  view(name: string): IndexView {
    return this.#viewOf(this.#named(name));
  }

  /** What they offer, whether or not it is installed. */
  get offers(): Offer[] {
    return [...this.#known.values()].flatMap((known) =>
      known.list.services.map(({ name, version, description, icon, rights, bytes, list, key }) => ({
        ...{ name, version, description, icon, bytes },
        rights: rightsOf(rights, null),
        index: known.list.name,
        isSigned: known.key !== null,
        signer: fingerprintOf(key),
        isExpired: this.#isExpired(known),
        list: list.sha256,
      })),
    );
  }

  /** What is there, of which nothing is kept. @throws AppError index.*, service.bad-signature, service.expired */
  async look(from: string): Promise<ReadIndex> {
    const { list, source } = await this.#take(from, undefined);
    const { name, version, expires, key } = list;
    const fingerprint = key === null ? null : fingerprintOf(key);
    return { name, version, expires, key, fingerprint, source, services: list.services.map((one) => one.name) };
  }

  /**
   * Remembers the index, and the key that signs it.
   * @param key null: it is not signed, which a switch of the settings lets in
   * @throws AppError index.*, service.bad-signature, service.expired, settings.broken, usage.bad-argument
   */
  async add(from: string, key: string | null): Promise<IndexView> {
    const { file } = this.#options;
    file.refuseBroken();
    if (key !== null && !isPublicKey(key))
      throw new AppError("usage.bad-argument", `"${key}" is no public key of minisign: it begins with RW.`, { key });
    const taken = await this.#take(from, key);
    const { name } = taken.list;
    const other = this.#known.get(name);
    if (other !== undefined && (other.key !== key || other.source !== taken.source))
      throw new AppError(
        "index.name-taken",
        `There is an index "${name}" already, from ${other.source}: remove it first.`,
        {
          name,
        },
      );
    if (other === undefined && this.#known.size >= MAX_INDEXES)
      throw new AppError("index.name-taken", `There are ${MAX_INDEXES} indexes: remove one first.`, { name });
    return this.#keep(taken, key);
  }

  /** What was installed from it stays. @throws AppError index.not-found */
  async remove(name: string): Promise<void> {
    this.#named(name);
    await this.#options.file.remove(name);
    this.#known.delete(name);
    this.emit("changed");
  }

  /** Reads it again, from where it was. @throws AppError index.*, service.bad-signature, service.expired */
  async update(name: string): Promise<IndexView> {
    const { source, key } = this.#named(name);
    const taken = await this.#take(source, key);
    if (taken.list.name !== name)
      throw new AppError(
        "service.bad-signature",
        `${source} is the index "${taken.list.name}" now, and was "${name}".`,
        {
          name,
        },
      );
    return this.#keep(taken, key);
  }

  get names(): string[] {
    return [...this.#known.keys()];
  }

  /**
   * What would be installed: of this index, else of the one that has it.
   * @throws AppError index.not-found, index.not-offered, index.not-signed, service.expired, service.not-newer
   */
  offered(service: string, index: string | null): OfferedService {
    const all = index === null ? [...this.#known.values()] : [this.#named(index)];
    const found = all.flatMap((known) =>
      known.list.services.flatMap((entry) => (entry.name === service ? [{ known, entry }] : [])),
    );
    const [first, second] = found;
    if (first === undefined)
      throw new AppError(
        "index.not-offered",
        `No index offers "${service}". "atoll service index list" says what there is.`,
        {
          service,
        },
      );
    if (second !== undefined) {
      const names = found.map(({ known }) => known.list.name);
      throw new AppError("index.not-offered", `Several indexes offer "${service}": say which (${names.join(", ")}).`, {
        service,
        indexes: names,
      });
    }
    const { known, entry } = first;
    if (known.key === null) this.#refuseUnsigned(known.source);
    refuseExpired(known.list, this.#options.nowMs());
    this.#refuseOlder("service", entry.key, service, entry.version, entry.list.sha256);
    return { index: known.list.name, isSigned: known.key !== null, entry, source: known.source };
  }

  /**
   * Fetches it into a folder of its own, which is gone when `install` has ended.
   * @throws AppError index.unreachable, service.bad-signature, service.expired, service.bad-folder,
   * file.write-failed
   */
  async fetch<Value>({ entry, source }: OfferedService, install: (folder: string) => Promise<Value>): Promise<Value> {
    const { stateFolder, recipesFolder, nowMs, ca } = this.#options;
    const folder = await temporaryFolder(stateFolder, FETCH_FOLDER);
    try {
      const signal = AbortSignal.timeout(FETCH_MS);
      await fetchService({
        ...{ entry, folder, recipesFolder, signal, nowMs: nowMs() },
        source: indexSource(source, ca),
      });
      return await install(folder);
    } finally {
      await fsp.rm(folder, { recursive: true, force: true });
    }
  }

  /** It is in use: nothing older of that key is taken from now on. */
  async installed({ key, name, version, list }: IndexEntry): Promise<void> {
    await this.#options.file.setLatest(key, "service", name, { version, sha256: list.sha256 });
  }

  /** @param key undefined: whichever it names itself */
  async #take(from: string, key: string | null | undefined): Promise<Taken> {
    const { ca, nowMs } = this.#options;
    const source = indexSource(from, ca);
    const content = await source.read(INDEX_FILE, { maxBytes: MAX_LIST_BYTES });
    if (content === null)
      throw new AppError("index.unreachable", `There is no ${INDEX_FILE} in ${source.text}.`, { source: source.text });
    const signature = await source.read(`${INDEX_FILE}${SIGNATURE_SUFFIX}`, { maxBytes: MAX_SIGNATURE_BYTES });
    const text = signature?.toString("utf8") ?? null;
    const list = verified(content, text, key, source.text);
    if (list.key === null) this.#refuseUnsigned(source.text);
    refuseExpired(list, nowMs());
    return { list, content, signature: list.key === null ? null : text, source: source.text };
  }

  /** One after the other: what is older than another that is being kept is refused when that is kept. */
  #keep(taken: Taken, key: string | null): Promise<IndexView> {
    const kept = this.#keeping.then(() => this.#keepNow(taken, key));
    this.#keeping = kept.catch(() => undefined);
    return kept;
  }

  async #keepNow({ list, content, signature, source }: Taken, key: string | null): Promise<IndexView> {
    const { file, nowMs } = this.#options;
    const { name } = list;
    const version = `${list.version}.0.0`;
    const by = key ?? source;
    this.#refuseOlder("index", by, name, version, digestOf(content));
    const readMs = nowMs();
    await file.setLatest(by, "index", name, { version, sha256: digestOf(content) });
    await file.put({ name, source, key, text: content.toString("utf8"), signature, readMs });
    const known = { list, source, key, readMs };
    this.#known.set(name, known);
    this.emit("changed");
    return this.#viewOf(known);
  }

  /** @throws AppError index.older, service.not-newer */
  #refuseOlder(kind: "index" | "service", key: string, name: string, version: string, sha256: string): void {
    const latest = this.#options.file.latestOf(key, kind, name);
    if (latest === undefined) return;
    const difference = compareVersions(version, latest.version);
    if (difference > 0 || (difference === 0 && latest.sha256 === sha256)) return;
    const [now, seen] =
      kind === "index" ? [version, latest.version].map((text) => text.split(".")[0]) : [version, latest.version];
    const what = `${kind === "index" ? "Index" : "Service"} "${name}"`;
    const words =
      difference === 0
        ? `${what} ${now} is another one than the ${now} that was seen: a change needs a new version.`
        : `${what} is version ${now} there, and ${seen} was seen: it is older. Nothing is changed.`;
    throw new AppError(kind === "index" ? "index.older" : "service.not-newer", words, { name, version: now, seen });
  }

  #refuseUnsigned(source: string): void {
    if (this.#options.allowsUnsigned()) return;
    throw new AppError(
      "index.not-signed",
      `The index at ${source} is not signed: anybody could have written it. Developers let such in by "unsignedIndexes: true" in settings.yaml.`,
      { source },
    );
  }

  #isExpired({ list }: Known): boolean {
    return Date.parse(list.expires) <= this.#options.nowMs();
  }

  #viewOf(known: Known): IndexView {
    const { list, source, key, readMs } = known;
    const { name, version, expires, services } = list;
    return {
      ...{ name, version, expires, source, key, readMs },
      fingerprint: key === null ? null : fingerprintOf(key),
      isExpired: this.#isExpired(known),
      services: services.length,
    };
  }

  /** @throws AppError index.not-found */
  #named(name: string): Known {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const sentence = `There is no index "${name}". "atoll service index add" adds one, "index list" says which there are.`;
    throw new AppError("index.not-found", sentence, { name, known: this.names });
  }
}

/** @param key undefined: whichever it names itself @throws AppError service.bad-signature, index.not-signed */
function verified(content: Buffer, signature: string | null, key: string | null | undefined, where: string): IndexList {
  const list = parseIndexList(content, where);
  const expected = key === undefined ? list.key : key;
  const refused = (why: string): AppError =>
    new AppError("service.bad-signature", `The index at ${where} is refused: ${why}. Nothing is changed.`, { where });
  if (expected === null) {
    if (list.key === null) return list;
    throw refused(`it is signed by ${fingerprintOf(list.key)}: say its key`);
  }
  if (signature === null)
    throw list.key === null && key === undefined
      ? refused("it is not signed")
      : new AppError("index.not-signed", `The index at ${where} is not signed. Nothing is changed.`, { where });
  const problem = signatureProblem(content, signature, expected);
  if (problem !== null) throw refused(problem);
  if (list.key !== expected) throw refused("it names another key than the one that has signed it");
  return list;
}
