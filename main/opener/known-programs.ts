/**
 * The programs that each VM had when it last listed them, for while it does not run and cannot be asked. A file for each VM, with
 * what its guest has said; one that cannot be read counts as none.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { cleanText } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestApp } from "#shared/protocol/apps.ts";
import { log } from "../base/log.ts";
import { readAtMost } from "../base/read-at-most.ts";
import { writeFileAtomically } from "../base/write-file.ts";

const FOLDER = "programs";
/** A guest's whole list has 1 MiB at most; JSON may write one byte of it as six, and a name once for each type. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** Longest name of a program in a message, grapheme clusters. */
export const MAX_PROGRAM_NAME = 40;

/** Name of the first program for each type, as desktop entries name types. */
const programs = z.array(z.tuple([z.string(), z.string()]));

export class KnownPrograms {
  readonly #folder: string;
  /** What is done to a VM's file comes one after the other. */
  readonly #turns = new Map<VmId, Promise<unknown>>();

  constructor(stateFolder: string) {
    this.#folder = path.join(stateFolder, FOLDER);
  }

  /** Name of a program of that VM for this type; null: none is known. Never rejects. */
  async programFor(vm: VmId, type: string): Promise<string | null> {
    const text = await this.#inTurn(vm, () => this.#read(vm));
    if (text === null) return null;
    try {
      const [, name] = programs.parse(JSON.parse(text)).find(([handled]) => handled === type) ?? [];
      return name === undefined ? null : cleanText(name, MAX_PROGRAM_NAME);
    } catch {
      return null;
    }
  }

  /** Keeps what the VM lists now. Never rejects. */
  async keep(vm: VmId, apps: readonly GuestApp[]): Promise<void> {
    const byType = new Map<string, string>();
    for (const { name, mimeTypes } of apps)
      for (const type of mimeTypes) if (!byType.has(type)) byType.set(type, cleanText(name, MAX_PROGRAM_NAME));
    const text = JSON.stringify([...byType]);
    await this.#inTurn(vm, async () => {
      if (Buffer.byteLength(text) > MAX_FILE_BYTES || (await this.#read(vm)) === text) return;
      try {
        await fsp.mkdir(this.#folder, { recursive: true, mode: 0o700 });
        await writeFileAtomically(this.#file(vm), text);
      } catch (error) {
        log(`What programs a VM has cannot be kept: ${messageOf(error)}`);
      }
    });
  }

  /** The VM has been removed. Never rejects. */
  async forget(vm: VmId): Promise<void> {
    await this.#inTurn(vm, () => fsp.rm(this.#file(vm), { force: true }).catch(() => undefined));
  }

  /** Resolves when what was to be kept until now is on the disk. */
  async settled(): Promise<void> {
    await Promise.all(this.#turns.values());
  }

  #file(vm: VmId): string {
    return path.join(this.#folder, `${vm}.json`);
  }

  async #read(vm: VmId): Promise<string | null> {
    const bytes = await readAtMost(this.#file(vm), MAX_FILE_BYTES).catch(() => null);
    return bytes?.toString("utf8") ?? null;
  }

  async #inTurn<Value>(vm: VmId, act: () => Promise<Value>): Promise<Value> {
    const done = (this.#turns.get(vm) ?? Promise.resolve()).then(act);
    this.#turns.set(vm, done);
    try {
      return await done;
    } finally {
      if (this.#turns.get(vm) === done) this.#turns.delete(vm);
    }
  }
}
