/** Machines that some application has started and left a record of, whether they run or not. */
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { VM_ID_PATTERN, type VmId } from "#shared/model/vm.ts";
import type { Paths } from "../../base/paths.ts";
import { RECORD_FILE } from "./machine.ts";
import { readJson } from "./plain-files.ts";

const record = z.object({ id: z.string().regex(VM_ID_PATTERN) });

export async function recordedMachines({ run }: Pick<Paths, "run">): Promise<VmId[]> {
  const folders = path.join(run, "vms");
  const names = await fsp.readdir(folders).catch(() => []);
  const ids = await Promise.all(
    names.map(async (name) => {
      const read = await readJson(path.join(folders, name, RECORD_FILE), record);
      // A QEMU that its guest has taken over could have written another VM's id there, but not into the folder's name.
      return read?.id.startsWith(name) === true ? [read.id as VmId] : [];
    }),
  );
  return ids.flat();
}
