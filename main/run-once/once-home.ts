/**
 * The home of one run: a folder among the temporary files, locked for as long as the run lasts. What a run that was killed has left
 * there, a VM that goes on without it too, is ended and removed by the next one.
 */
import fsp from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { VM_ID_PATTERN, type VmId } from "#shared/model/vm.ts";
import { exists } from "../base/exists.ts";
import { tryLock } from "../base/file-lock.ts";
import type { Paths } from "../base/paths.ts";
import { RECORD_FILE } from "../hardware/qemu/machine.ts";
import { readJson } from "../hardware/qemu/plain-files.ts";

const PREFIX = "atoll-once-";
const LOCK = "lock";
const record = z.object({ id: z.string().regex(VM_ID_PATTERN) });

export interface OnceHome {
  readonly paths: Paths;
  /** With all that is in it. */
  remove(): Promise<void>;
}

export async function makeOnceHome(): Promise<OnceHome> {
  for (;;) {
    const home = await fsp.mkdtemp(path.join(os.tmpdir(), PREFIX));
    const lock = await tryLock(path.join(home, LOCK));
    // Else another run has taken it for one that is left: it removes it.
    if (lock === null) continue;
    return {
      paths: pathsIn(home),
      remove: async () => {
        await fsp.rm(home, { recursive: true, force: true });
        await lock.release();
      },
    };
  }
}

/**
 * @param end ends the machine of that id, if it runs
 * @param log is told of what cannot be removed now: it is tried again by the next run
 */
export async function removeLeftHomes(
  end: (paths: Paths, id: VmId) => Promise<void>,
  log: (line: string) => void,
): Promise<void> {
  const names = (await fsp.readdir(os.tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const home = path.join(os.tmpdir(), name);
    await removeLeft(home, end).catch((error: unknown) =>
      log(`${home}, of an earlier run, stays: ${messageOf(error)}`),
    );
  }
}

async function removeLeft(home: string, end: (paths: Paths, id: VmId) => Promise<void>): Promise<void> {
  const stat = await fsp.lstat(home);
  const file = path.join(home, LOCK);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || !(await exists(file))) return;
  const lock = await tryLock(file);
  if (lock === null) return; // its run goes on
  try {
    const paths = pathsIn(home);
    const folders = path.join(paths.run, "vms");
    for (const folder of await fsp.readdir(folders).catch(() => [])) {
      const read = await readJson(path.join(folders, folder, RECORD_FILE), record);
      // A machine that its guest has taken over could have written another id there, but not into the folder's name.
      if (read?.id.startsWith(folder) === true) await end(paths, read.id as VmId);
    }
    await fsp.rm(home, { recursive: true, force: true });
  } finally {
    await lock.release();
  }
}

function pathsIn(home: string): Paths {
  const run = path.join(home, "run");
  return {
    config: path.join(home, "config"),
    state: path.join(home, "state"),
    run,
    controlSocket: path.join(run, "control.sock"),
  };
}
