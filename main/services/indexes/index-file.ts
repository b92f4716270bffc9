/**
 * `state/service-indexes.json`: the indexes that a person has added, each as it was signed, and what each key has signed last, which
 * never goes back.
 */
import path from "node:path";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { log } from "../../base/log.ts";
import { textOrNone } from "../../base/read-text.ts";
import { writeFileAtomically } from "../../base/write-file.ts";

const FILE = "service-indexes.json";

const kept = z.strictObject({
  name: z.string(),
  source: z.string(),
  /** Who signs it, as the person has said; null: nobody. */
  key: z.string().nullable(),
  /** The bytes that were signed, and the signature. */
  text: z.string(),
  signature: z.string().nullable(),
  /** When it was read last; milliseconds since 1970. */
  readMs: z.number(),
});
export type KeptIndex = z.infer<typeof kept>;

/** The latest that a key has signed: its version, and the SHA-256 of its list. */
const latest = z.strictObject({ version: z.string(), sha256: z.string() });
export type Latest = z.infer<typeof latest>;

const schema = z.strictObject({
  indexes: z.array(kept),
  /** By key, kind and name. They outlive the index or service that they are of. */
  latest: z.record(z.string(), latest),
});
type Content = z.infer<typeof schema>;

export class IndexFile {
  readonly #file: string;
  #content: Content = { indexes: [], latest: {} };
  #isBroken = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(stateFolder: string) {
    this.#file = path.join(stateFolder, FILE);
  }

  async load(): Promise<void> {
    const text = await textOrNone(this.#file).catch(() => "broken");
    if (text === "") return;
    const read = schema.safeParse(parsed(text));
    this.#isBroken = !read.success;
    if (read.success) this.#content = read.data;
    else log(`${this.#file} cannot be read: no index is used`);
  }

  get indexes(): readonly KeptIndex[] {
    return this.#content.indexes;
  }

  latestOf(key: string, kind: "index" | "service", name: string): Latest | undefined {
    return this.#content.latest[entryOf(key, kind, name)];
  }

  /** It is the latest of its name that the key has signed. */
  async setLatest(key: string, kind: "index" | "service", name: string, value: Latest): Promise<void> {
    await this.#change(({ indexes, latest }) => ({
      indexes,
      latest: { ...latest, [entryOf(key, kind, name)]: value },
    }));
  }

  /** In the place of the one of its name. */
  async put(index: KeptIndex): Promise<void> {
    await this.#change(({ indexes, latest }) => {
      const others = indexes.filter(({ name }) => name !== index.name);
      return { indexes: [...others, index].toSorted((one, other) => (one.name < other.name ? -1 : 1)), latest };
    });
  }

  async remove(name: string): Promise<void> {
    await this.#change(({ indexes, latest }) => ({ indexes: indexes.filter((index) => index.name !== name), latest }));
  }

  /** Without it nobody knows which versions there were: nothing is added to what cannot be read. @throws AppError settings.broken */
  refuseBroken(): void {
    if (!this.#isBroken) return;
    const sentence = `${this.#file} cannot be read, and it says which versions were seen: fix it, or remove it and add the indexes again.`;
    throw new AppError("settings.broken", sentence, { file: this.#file });
  }

  /** One after the other, each on the disk before it counts: the newest is what stays there. */
  #change(change: (content: Content) => Content): Promise<void> {
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(async () => {
        this.refuseBroken();
        const content = change(this.#content);
        await writeFileAtomically(this.#file, `${JSON.stringify(content, undefined, 2)}\n`);
        this.#content = content;
      });
    return this.#writing;
  }
}

function entryOf(key: string, kind: string, name: string): string {
  return `${key} ${kind} ${name}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
