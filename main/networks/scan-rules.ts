/**
 * What the traffic scanner looks for: the rules that come with Atoll, and the person's own, files of the folder firewall/rules
 * beside policy.yaml. Whether they are rules is known by the scanner alone; here they are bounded, since all of them are sent at
 * each change.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { messageOf } from "#shared/model/app-error.ts";
import type { ScanRuleFile } from "#shared/model/firewall.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";
import { watchFolder } from "../base/watch-folder.ts";

/** Of the person's own. */
const MAX_FILES = 16;
const MAX_BYTES = 256 * 1024;
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,57}\.rules$/u;

const shipped = import.meta.glob<string>("../../services/firewall/rules/*.rules", {
  query: "?raw",
  import: "default",
  eager: true,
});
const SHIPPED: readonly ScanRuleFile[] = Object.entries(shipped).map(([at, text]) => ({
  file: path.basename(at),
  text,
}));

export class ScanRules extends Emitter<{ changed: [] }> {
  readonly folder: string;
  #own: readonly ScanRuleFile[] = [];
  #problem = "";

  constructor(configFolder: string) {
    super();
    this.folder = path.join(configFolder, "firewall", "rules");
  }

  get files(): readonly ScanRuleFile[] {
    return [...SHIPPED, ...this.#own];
  }

  /** Why the person's own are not what is in the folder: those before stay; "" = they are. */
  get problem(): string {
    return this.#problem;
  }

  /** Reads the folder. It is made, so that it is found. */
  async load(): Promise<void> {
    const before = JSON.stringify([this.#own, this.#problem]);
    try {
      await fsp.mkdir(this.folder, { recursive: true });
      this.#own = await readOwn(this.folder);
      this.#problem = "";
    } catch (error) {
      this.#problem = messageOf(error);
      log(`the traffic scanner's rules stay as they were: ${this.#problem}`);
    }
    if (JSON.stringify([this.#own, this.#problem]) !== before) this.emit("changed");
  }

  /** Returns a function that ends it. */
  watch(): () => void {
    return watchFolder(this.folder, () => void this.load());
  }
}

async function readOwn(folder: string): Promise<ScanRuleFile[]> {
  const names = (await fsp.readdir(folder)).filter((name) => name.endsWith(".rules")).sort();
  if (names.length > MAX_FILES)
    throw new Error(`${folder} has ${names.length} files of rules: at most ${MAX_FILES} fit.`);
  let left = MAX_BYTES;
  const files: ScanRuleFile[] = [];
  for (const file of names) {
    const at = path.join(folder, file);
    if (!NAME.test(file)) throw new Error(`${at}: name it with letters, digits, ".", "-" and "_", at most 64 in all.`);
    if (SHIPPED.some((one) => one.file === file)) throw new Error(`${at}: Atoll's own rules have that name.`);
    left -= (await fsp.stat(at)).size;
    if (left < 0) throw new Error(`${at}: more than ${MAX_BYTES / 1024} KiB of rules in all do not fit.`);
    files.push({ file, text: await fsp.readFile(at, "utf8") });
  }
  return files;
}
