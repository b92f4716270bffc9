/**
 * Starts a QEMU in its box, detached from the application: it outlives it, and inherits nothing. What stands on the command
 * lines of the programs between is the same for all VMs; only QEMU's own names its VM.
 */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { createInterface } from "node:readline";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { BASH, closeInherited } from "../../base/close-inherited.ts";
import { RUNTIME_FILES } from "./argv.ts";
import { type Box, type BoxFiles, bubblewrapOptions, confinement } from "./box.ts";
import { plainEnvironment, systemPaths } from "./box-probe.ts";
import { QEMU_BINARY } from "./probe.ts";
import { MANAGER_VARIABLES, NICENESS } from "./weight.ts";

/** The first so many KiB of what QEMU and the programs before it say are kept. */
export const LOG_KIB = 256;

const STATUS_FD = 3;
const OPTIONS_FD = 4;

/**
 * A process of its own writes the log, and goes on reading when it is full: QEMU says a line for every wrong message of a
 * guest. The kernel keeps the file's bound.
 */
const WRITE_LOG = `trap '' XFSZ; ulimit -f ${LOG_KIB}; cat >${RUNTIME_FILES.log}; exec cat >/dev/null`;

/** The kernel may weigh sessions rather than processes: then the session's niceness counts. @see sched(7), autogroup */
const WEIGH_SESSION = `{ echo ${NICENESS} >/proc/self/autogroup; } 2>/dev/null`;

/** Outside of the box. Its words: what makes the box, and the shell in it. */
const OUTSIDE = [
  "umask 077",
  closeInherited([STATUS_FD, OPTIONS_FD]),
  `exec > >(exec ${BASH.join(" ")} "${WRITE_LOG}" atoll-log ${STATUS_FD}>&- ${OPTIONS_FD}<&-) 2>&1`,
  `echo "{\\"log-pid\\": $!}" >&${STATUS_FD}`,
  WEIGH_SESSION,
  `exec nice -n ${NICENESS} "$@"`,
].join("\n");

const LAST_WORD = "begin";

/**
 * In the box: bash waits on its standard input for QEMU's words, which come when machine.json is written. If the application
 * dies first, the last word is missing and bash exits: there is never a QEMU without its record.
 */
const INSIDE = [
  `exec ${STATUS_FD}>&- ${OPTIONS_FD}<&-`,
  "mapfile -d '' -t words",
  `((\${#words[@]})) && [[ \${words[-1]} == ${LAST_WORD} ]] || exit 1`,
  "unset 'words[-1]'",
  'exec "${words[@]}" </dev/null',
].join("\n");

export interface QemuLaunch {
  /** Runtime folder, which becomes QEMU's working directory. */
  folder: string;
  /** QEMU's own. */
  args: readonly string[];
  box: Box;
  files: BoxFiles;
  /** Words that put QEMU into a scope; none = no scope. */
  scope: readonly string[];
  /** A library that QEMU is started with; null = none. */
  preload: string | null;
}

export interface WaitingQemu {
  /** Of the waiting bash, and of QEMU, which takes its place; as the host counts. null: it has ended before it could wait. */
  pid: number | null;
  /** Of the writer of the log, which ends when QEMU has and all is written. */
  logPid: number;
  /** Lets bash execute QEMU. */
  begin(): void;
}

/** Rejects when the shell cannot be started. */
export function spawnQemu({ folder, args, box, files, scope, preload }: QemuLaunch): Promise<WaitingQemu> {
  const system = systemPaths();
  const isRoot = process.getuid?.() === 0;
  const options =
    box.namespaces === null ? null : bubblewrapOptions(box.namespaces, files, system, STATUS_FD).join("\0");
  const makeBox = options === null ? [] : ["bwrap", "--args", String(OPTIONS_FD), "--"];
  const environment = plainEnvironment();
  const manager = scope.length === 0 ? {} : definedVariables(MANAGER_VARIABLES);
  const [bash, ...bashOptions] = BASH;
  const child = spawn(bash, [...bashOptions, OUTSIDE, "atoll", ...scope, ...makeBox, ...BASH, INSIDE, "atoll"], {
    cwd: folder,
    detached: true,
    stdio: ["pipe", "ignore", "ignore", "pipe", options === null ? "ignore" : "pipe"],
    env: { ...environment, ...manager },
  });
  const ownWords = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  if (preload !== null) ownWords.push(`LD_PRELOAD=${preload}`);
  const words = [...confinement(box, files, system, isRoot), "env", "-i", ...ownWords, QEMU_BINARY, ...args, LAST_WORD];
  child.stdin?.on("error", () => undefined); // it was killed before it began
  if (options !== null) {
    const input = child.stdio[OPTIONS_FD] as Writable;
    input.on("error", () => undefined); // it ended early, and its words are in the log
    input.end(`${options}\0`);
  }
  return new Promise((resolve, reject) => {
    child.on("error", (cause) =>
      reject(new AppError("hardware.machine-failed", `QEMU cannot be started: ${cause.message}.`, {}, { cause })),
    );
    readStatus(child, box.namespaces === null, (pid, logPid) =>
      resolve({
        pid,
        logPid,
        begin: () => void child.stdin?.end(words.map((word) => `${word}\0`).join("")),
      }),
    );
  });
}

const statusSchema = z.looseObject({
  "log-pid": z.int().positive().optional(),
  "child-pid": z.int().positive().optional(),
});

/** Calls `known` once: with the process ids, or with no one's where the process has ended. */
function readStatus(
  child: ChildProcess,
  isOwnProcess: boolean,
  known: (pid: number | null, logPid: number) => void,
): void {
  const status = child.stdio[STATUS_FD] as Readable & { unref?: () => void };
  let logPid: number | null = null;
  let pid: number | null = isOwnProcess ? (child.pid ?? null) : null;
  let isKnown = false;
  const tell = (): void => {
    if (isKnown) return;
    isKnown = true;
    // It stays open, so that bubblewrap can write into it at QEMU's end.
    child.unref();
    status.unref?.();
    known(logPid === null ? null : pid, logPid ?? 0);
  };
  createInterface({ input: status })
    .on("line", (line) => {
      const pids = statusOf(line);
      logPid ??= pids["log-pid"] ?? null;
      pid ??= pids["child-pid"] ?? null;
      if (logPid !== null && pid !== null) tell();
    })
    .on("close", tell);
}

/** A line that is cut says nothing: whoever wrote it was killed. */
function statusOf(line: string): z.infer<typeof statusSchema> {
  try {
    return statusSchema.parse(JSON.parse(line));
  } catch {
    return {};
  }
}

function definedVariables(names: readonly string[]): Record<string, string> {
  const pairs = names.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** QEMU's program, where it is not among the system's files: its path, and that of its firmware beside it. */
export function qemuPrograms(searchPath = process.env["PATH"] ?? ""): string[] {
  const found = searchPath
    .split(path.delimiter)
    .map((folder) => path.resolve(folder, QEMU_BINARY))
    .find((file) => fs.existsSync(file));
  if (found === undefined) return [];
  const firmware = path.resolve(found, "../../share/qemu");
  return [found, firmware].filter((file) => !isSystem(file) && fs.existsSync(file));
}

function isSystem(file: string): boolean {
  return ["/usr/", "/bin/"].some((folder) => file.startsWith(folder));
}
