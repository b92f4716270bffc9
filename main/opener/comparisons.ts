/**
 * Where an edited file came back beside one that was changed meanwhile, the person can look at what differs. Both are read as
 * text when they ask for it, and nothing else is made of them on the host.
 */
import fsp from "node:fs/promises";
import { AppError } from "#shared/model/app-error.ts";
import { MAX_COMPARED_BYTES } from "#shared/model/open.ts";
import type { Vm } from "../vms/vm.ts";

/** The last ones can be looked at. */
const MAX_KEPT = 16;

export interface Compared {
  /** Who has both; null: the host. */
  readonly vm: Vm | null;
  /** For people. */
  readonly name: string;
  /** Absolute paths there: of the file that was changed where it lives, and of what came back. */
  readonly there: Uint8Array;
  readonly edited: Uint8Array;
}

/** The first `maxBytes` of a file of a guest. @throws AppError */
export type ReadGuestFile = (vm: Vm, path: Uint8Array, maxBytes: number) => Promise<Uint8Array>;

export class Comparisons {
  readonly #read: ReadGuestFile;
  readonly #kept = new Map<number, Compared>();
  #last = 0;

  constructor(read: ReadGuestFile) {
    this.#read = read;
  }

  /** Returns its number. */
  add(compared: Compared): number {
    this.#last += 1;
    this.#kept.set(this.#last, compared);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return this.#last;
  }

  /** Both as they are now. @throws AppError open.not-comparable, vm.*, exec.* */
  async texts(id: number): Promise<{ name: string; there: string; edited: string }> {
    const compared = this.#kept.get(id);
    if (compared === undefined)
      throw new AppError("open.not-comparable", "It is not known any more which files these were: open both.");
    const { vm, name, there, edited } = compared;
    return { name, there: await this.#text(vm, there), edited: await this.#text(vm, edited) };
  }

  async #text(vm: Vm | null, path: Uint8Array): Promise<string> {
    const most = MAX_COMPARED_BYTES + 1;
    const bytes = vm === null ? await hostFile(path, most) : await this.#read(vm, path, most);
    if (bytes.length > MAX_COMPARED_BYTES) throw notComparable(`it has more than ${MAX_COMPARED_BYTES / 1024} KiB`);
    // As text or not at all: what would be left of other content says nothing.
    if (bytes.includes(0)) throw notComparable("it is no text");
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw notComparable("it is no text in UTF-8");
    }
  }
}

function notComparable(why: string): AppError {
  return new AppError("open.not-comparable", `What has changed cannot be shown: ${why}. Open both files.`);
}

async function hostFile(path: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  let file: fsp.FileHandle;
  try {
    // Not one that was put there instead, and none that would be waited for.
    file = await fsp.open(
      Buffer.from(path),
      fsp.constants.O_RDONLY | fsp.constants.O_NOFOLLOW | fsp.constants.O_NONBLOCK,
    );
  } catch {
    throw notComparable("it cannot be read");
  }
  try {
    if (!(await file.stat()).isFile()) throw notComparable("it is not a file");
    const buffer = Buffer.alloc(maxBytes);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, maxBytes - length);
      length += bytesRead;
      if (bytesRead === 0 || length === maxBytes) return buffer.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}
