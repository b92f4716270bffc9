/** Which box this host can make, found by making it: whether namespaces are allowed cannot be read anywhere for sure. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import fsp from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {
  type Box,
  type BoxFiles,
  bubblewrapOptions,
  confinement,
  DEVICES,
  type Landlock,
  namespacesToTry,
  SYSTEM_PATHS,
  type SystemPath,
} from "./box.ts";

/** A box that is made in time takes some milliseconds. */
const TRY_TIMEOUT_MS = 10_000;
const LANDLOCKS: readonly Landlock[] = ["files-and-devices", "files"];

export interface BoxProbe {
  box: Box;
  /** Why the strongest kind cannot be made, "" where it can: bubblewrap's words. */
  namespacesFailure: string;
  /** Why there is no Landlock, "" where there is: setpriv's words. */
  landlockFailure: string;
}

let known: Promise<BoxProbe> | null = null;

/** Tried once for each run of the application: what a person allows counts at the next start. */
export function probeBox(): Promise<BoxProbe> {
  known ??= tryBoxes();
  return known;
}

/** The part of the host's system that is in the box. */
export function systemPaths(): SystemPath[] {
  return SYSTEM_PATHS.flatMap((name) => {
    const stat = fs.lstatSync(name, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    const target = stat.isSymbolicLink() ? fs.readlinkSync(name) : null;
    return [{ path: name, target, isFolder: stat.isDirectory() }];
  });
}

/** Makes boxes until one can be made. */
export async function tryBoxes(isRoot = process.getuid?.() === 0): Promise<BoxProbe> {
  const folder = await fsp.mkdtemp(path.join(os.tmpdir(), "atoll-box-"));
  try {
    const disk = path.join(folder, "disk");
    await fsp.writeFile(disk, "");
    const files: BoxFiles = { programs: [], readOnly: [], disk, folder, devices: DEVICES };
    const attempt = (box: Box): Promise<string> => tryBox(box, files, isRoot);
    let namespaces: Box["namespaces"] = null;
    let namespacesFailure = "";
    for (const candidate of namespacesToTry(isRoot)) {
      const failure = await attempt({ namespaces: candidate, landlock: null });
      if (failure === "") {
        namespaces = candidate;
        break;
      }
      namespacesFailure ||= failure;
    }
    let landlock: Landlock | null = null;
    let landlockFailure = "";
    for (const candidate of LANDLOCKS) {
      landlockFailure = await attempt({ namespaces, landlock: candidate });
      if (landlockFailure !== "") continue;
      landlock = candidate;
      break;
    }
    return { box: { namespaces, landlock }, namespacesFailure, landlockFailure };
  } finally {
    await fsp.rm(folder, { recursive: true, force: true });
  }
}

/** Why the box cannot be made, "" where it can. */
function tryBox(box: Box, files: BoxFiles, isRoot: boolean): Promise<string> {
  const system = systemPaths();
  const inside = [...confinement(box, files, system, isRoot), "true"];
  const [program = "", ...words] =
    box.namespaces === null
      ? inside
      : ["bwrap", ...bubblewrapOptions(box.namespaces, files, system, STANDARD_OUTPUT), "--", ...inside];
  return new Promise((resolve) => {
    execFile(program, words, { timeout: TRY_TIMEOUT_MS, env: plainEnvironment() }, (error, _, errors) => {
      if (error === null) resolve("");
      else if (error.code === "ENOENT") resolve(`${program} is not installed`);
      else resolve(errors.trim().split("\n")[0] || error.message);
    });
  });
}

const STANDARD_OUTPUT = 1;

/** What QEMU and the programs before it have of our environment. */
export function plainEnvironment(): { PATH: string; LC_ALL: string } {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C" };
}
