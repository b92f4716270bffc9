/**
 * Which disposables there are, on the disk: a file for each, from before its machine is made until nothing of it is left. What
 * an application that was killed left behind is ended and removed by the next one, and never adopted.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { VM_ID_PATTERN, type VmId } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import { makePrivateFolder } from "../base/paths.ts";
import type { Drivers } from "../hardware/drivers.ts";
import type { VmDefinition } from "../vms/definition.ts";

const SUFFIX = ".json";

/** The fields of its driver stand beside these. */
const recordSchema = z.looseObject({
  id: z.custom<VmId>((value) => typeof value === "string" && VM_ID_PATTERN.test(value)),
  name: z.string(),
  driver: z.string(),
});

export class Leftovers {
  readonly #folder: string;
  readonly #drivers: Drivers;
  readonly #removed: (id: VmId) => Promise<void>;
  /** Files of this run. */
  readonly #ours = new Set<string>();

  /** @param removed gives up what else is kept of one that an earlier run left */
  constructor(stateFolder: string, drivers: Drivers, removed: (id: VmId) => Promise<void> = () => Promise.resolve()) {
    this.#folder = path.join(stateFolder, "disposables");
    this.#drivers = drivers;
    this.#removed = removed;
  }

  /** Before anything of it is made. Rejects with the system's error: then it must not be made. */
  async note(definition: VmDefinition): Promise<void> {
    makePrivateFolder(this.#folder);
    this.#ours.add(path.basename(this.#fileOf(definition.id)));
    await fsp.writeFile(this.#fileOf(definition.id), JSON.stringify(definition), { mode: 0o600, flush: true });
  }

  /** After all of it is gone. */
  async forget(id: VmId): Promise<void> {
    await fsp.rm(this.#fileOf(id), { force: true });
  }

  /** Ends and removes what an earlier run left. What cannot be removed now is tried again by the next run; the log says why. */
  async clean(): Promise<void> {
    const files = await fsp.readdir(this.#folder).catch(() => []);
    const left = files.filter((file) => !this.#ours.has(file));
    await Promise.all(
      left.map((file) =>
        this.#remove(path.join(this.#folder, file)).catch((error: unknown) =>
          log(`a disposable of an earlier run is not removed (${file}): ${messageOf(error)}`),
        ),
      ),
    );
  }

  async #remove(file: string): Promise<void> {
    const definition = readRecord(await fsp.readFile(file, "utf8"));
    // Cut short by a crash: then nothing of it was made yet.
    if (definition !== null) {
      const driver = this.#drivers.named(definition.driver);
      const found = await driver.adopt(definition);
      if (found !== null && "kill" in found) await found.kill();
      await driver.remove(definition);
      await this.#removed(definition.id);
      log(`${definition.name}: left by an earlier run, and removed`);
    }
    await fsp.rm(file, { force: true });
  }

  #fileOf(id: VmId): string {
    return path.join(this.#folder, `${id}${SUFFIX}`);
  }
}

function readRecord(text: string): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
