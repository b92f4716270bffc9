/**
 * The initrd: init, agent and the template's kernel modules. It is made apart from the template, so that a new agent
 * reaches every VM at its next boot. Uncompressed: unpacking costs an emulated guest more than reading does.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../../main/base/write-file.ts";
import { cachePaths } from "./cache-dir.ts";
import { markUsed, removeUnused } from "../../main/base/cache-use.ts";
import { cpioArchive, S_IFCHR, S_IFDIR, S_IFREG, type CpioEntry } from "./cpio.ts";

export interface InitrdParts {
  /** Of a template. */
  modulesDir: string;
  /** Folder of PROGRAMS. */
  agentFolder: string;
  /** The program of a service VM, with all that it needs. */
  service?: readonly ProgramFile[];
}

/** A file of a service's program. */
export interface ProgramFile {
  /** Below the program's folder: plain names, joined by "/". */
  path: string;
  isExecutable: boolean;
  data: Uint8Array;
}

/** What set-up builds of agents/, by its file's name: what it is called in the initrd. */
export const PROGRAMS = {
  "atoll-init": "init",
  "atoll-agent": "atoll-agent",
  "atoll-copy.so": "atoll-copy.so",
  "atoll-portal": "atoll-portal",
} as const;

/** One is made in a moment, and each version of the agent leaves one for each template. */
const UNUSED_DAYS = 7;

/** @returns path of an initrd of exactly these parts; made unless it is there. Others go that were not used for days. */
export async function makeInitrd(parts: InitrdParts, cacheDir: string): Promise<string> {
  const entries = await initrdEntries(parts);
  const archive = cpioArchive(entries);
  const { bootDir } = cachePaths(cacheDir);
  const dir = join(bootDir, createHash("sha256").update(archive).digest("hex").slice(0, 20));
  const path = join(dir, "initrd.img");
  await markUsed(dir);
  const there = await stat(path).catch(() => null);
  if (there !== null && there.size === archive.length) return path;
  await mkdir(dir, { recursive: true });
  // Two VMs that start together make it twice; the later one replaces the same bytes.
  await writeFileAtomically(path, archive, { mode: 0o644 });
  await removeUnused(bootDir, UNUSED_DAYS);
  return path;
}

async function initrdEntries({ modulesDir, agentFolder, service = [] }: InitrdParts): Promise<CpioEntry[]> {
  const moduleNames = (await readdir(modulesDir)).toSorted();
  const modules = moduleNames.map(async (name): Promise<CpioEntry> => ({
    name: `modules/${name}`,
    mode: S_IFREG | 0o644,
    data: await readFile(join(modulesDir, name)),
  }));
  const programs = Object.entries(PROGRAMS).map(async ([file, name]): Promise<CpioEntry> => ({
    name,
    mode: S_IFREG | 0o755,
    data: await readFile(join(agentFolder, file)),
  }));
  return [
    { name: "dev", mode: S_IFDIR | 0o755 },
    // The kernel opens it for /init before anything is mounted.
    { name: "dev/console", mode: S_IFCHR | 0o600, device: [5, 1] },
    { name: "modules", mode: S_IFDIR | 0o755 },
    ...(await Promise.all([...programs, ...modules])),
    ...serviceEntries(service),
  ];
}

function serviceEntries(files: readonly ProgramFile[]): CpioEntry[] {
  const sorted = files.toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const folders = new Set(
    sorted.flatMap(({ path }) => {
      const above = path.split("/").slice(0, -1);
      return ["service", ...above.map((_, depth) => ["service", ...above.slice(0, depth + 1)].join("/"))];
    }),
  );
  return [
    ...[...folders].map((name): CpioEntry => ({ name, mode: S_IFDIR | 0o755 })),
    ...sorted.map(({ path, isExecutable, data }): CpioEntry => ({
      name: `service/${path}`,
      mode: S_IFREG | (isExecutable ? 0o755 : 0o644),
      data,
    })),
  ];
}
