/**
 * Temporary folders of builds. mmdebstrap makes its root below TMPDIR, with files of foreign owners; in unshare mode only
 * its own helper may remove them, and every folder on the way must be open to other users.
 */
import { chmod, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot } from "./host-tools.ts";
import { runGroup } from "../../main/base/process-group.ts";

/** A root and a copy of the package cache, with room to spare. */
const NEEDED_MIB = 2048;

/** /tmp where it is large enough (on Debian 13 it is memory, and fast), else /var/tmp. */
async function temporaryFolder(): Promise<string> {
  return (await freeMiB(tmpdir())) >= NEEDED_MIB ? tmpdir() : "/var/tmp";
}

export async function makeWorkDir(): Promise<string> {
  const dir = await mkdtemp(join(await temporaryFolder(), "atoll-build-"));
  await chmod(dir, 0o711);
  return dir;
}

/** Never throws: what cannot be removed stays in the folder for temporary files, which is cleared by the system. */
export async function removeWorkDir(dir: string): Promise<void> {
  // In unshare mode there are files of subordinate ids, which only root of that user namespace may remove.
  const helper = isRoot() ? [] : ["mmdebstrap", "--unshare-helper"];
  const remove = ["sh", "-c", 'rm -rf --one-file-system "$1"/*', "sh", dir];
  const [command = "", ...args] = [...helper, ...remove];
  await runGroup({ command, args }).catch(() => null);
  await rm(dir, { recursive: true, force: true }).catch(() => null);
}

/** Free for this user, in MiB; 0 when the folder is not there. */
export async function freeMiB(folder: string): Promise<number> {
  const stats = await statfs(folder).catch(() => null);
  return stats === null ? 0 : Math.floor((stats.bavail * stats.bsize) / 2 ** 20);
}
