/** Where everything lives: XDG folders, or all under ATOLL_HOME. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { MAX_SOCKET_PATH_BYTES } from "#shared/model/socket-path.ts";
import type { VmId } from "#shared/model/vm.ts";

export interface Paths {
  /** Definitions and settings: files that a person can read and edit. */
  config: string;
  /** Disks and logs. */
  state: string;
  /** Sockets and pid files; 0700, ours. */
  run: string;
  controlSocket: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the system has the folder for sockets of each user who is logged in, by its number. */
const LOGINS = "/run/user";

/** @param logins in place of LOGINS */
export function resolvePaths(
  env: Environment = process.env,
  uid: number = process.getuid?.() ?? 0,
  logins = LOGINS,
): Paths {
  const home = env["ATOLL_HOME"];
  if (home !== undefined && home !== "") {
    const root = path.resolve(home);
    return checked({ config: path.join(root, "config"), state: path.join(root, "state"), run: path.join(root, "run") });
  }
  const xdg = (name: string, fallback: string): string => {
    const value = env[name];
    return path.join(
      value !== undefined && path.isAbsolute(value) ? value : path.join(env["HOME"] ?? os.homedir(), fallback),
      "atoll",
    );
  };
  const runtime = runtimeFolder(env, uid, logins);
  return checked({
    config: xdg("XDG_CONFIG_HOME", ".config"),
    state: xdg("XDG_STATE_HOME", ".local/state"),
    run: runtime === null ? `/tmp/atoll-${uid}` : path.join(runtime, "atoll"),
  });
}

/**
 * The user's folder for sockets; null: there is none. A shell of su, cron or a service often has no XDG_RUNTIME_DIR: by the folder
 * itself its `atoll` finds the desktop that was started with it.
 */
function runtimeFolder(env: Environment, uid: number, logins: string): string | null {
  const named = env["XDG_RUNTIME_DIR"];
  if (named !== undefined && path.isAbsolute(named)) return named;
  const ofLogin = path.join(logins, String(uid));
  const stat = fs.lstatSync(ofLogin, { throwIfNoEntry: false });
  const isPrivate = stat?.isDirectory() === true && stat.uid === uid && (stat.mode & OTHERS) === 0;
  return isPrivate ? ofLogin : null;
}

/** Refuses a home whose path is short enough for the desktop's socket, and too long for those of its VMs. */
function checked(folders: Omit<Paths, "controlSocket">): Paths {
  const paths = { ...folders, controlSocket: checkedSocket(path.join(folders.run, "control.sock")) };
  checkedSocket(path.join(vmRunFolder(paths, ANY_ID), LONGEST_SOCKET_NAME));
  return paths;
}

/** All ids have this length. */
const ANY_ID = "00000000-0000-0000-0000-000000000000" as VmId;
/** In a VM's runtime folder. */
export const LONGEST_SOCKET_NAME = "control.sock";

/** The path itself, if a unix socket can have it. */
export function checkedSocket(socket: string): string {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return socket;
  throw new AppError(
    "hardware.path-too-long",
    `${socket} has ${bytes} bytes, and the path of a unix socket at most ${MAX_SOCKET_PATH_BYTES}: choose a shorter ATOLL_HOME.`,
    { path: socket, bytes, limit: MAX_SOCKET_PATH_BYTES },
  );
}

/** Folder of a VM's sockets. Short, because it is part of each socket's path. */
export function vmRunFolder(paths: Paths, id: VmId): string {
  return path.join(paths.run, "vms", id.slice(0, 13));
}

export function vmStateFolder(paths: Paths, id: VmId): string {
  return path.join(paths.state, "vms", id);
}

/** A person's own template recipes. */
export function recipesFolder(paths: Paths): string {
  return path.join(paths.config, "templates");
}

/**
 * Makes `folder` and its parents, and makes sure that it is ours and that nobody else can enter it.
 * @throws AppError file.write-failed
 */
export function makePrivateFolder(folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.accessSync(folder, fs.constants.W_OK);
  } catch (cause) {
    throw new AppError(
      "file.write-failed",
      `${folder} cannot be written (${messageOf(cause)}): make it writable, or set ATOLL_HOME to a folder of your own.`,
      { file: folder },
      { cause },
    );
  }
  const stat = fs.lstatSync(folder);
  if (!isOurs(stat)) throw notOurs(folder, "belongs to somebody else: remove it");
  if ((stat.mode & OTHERS) !== 0) fs.chmodSync(folder, 0o700);
}

/**
 * For a folder whose content is trusted because of its place. A folder that does not exist is no error.
 * @throws AppError file.not-ours
 */
export function checkPrivateFolder(folder: string): void {
  let stat: fs.Stats;
  try {
    stat = fs.lstatSync(folder);
  } catch {
    return; // there is none
  }
  if (!isOurs(stat)) throw notOurs(folder, "belongs to somebody else: remove it");
  if ((stat.mode & OTHERS) !== 0) throw notOurs(folder, `can be entered by others: close it ("chmod 700 ${folder}")`);
}

/** Rights of its group and of all others. */
const OTHERS = 0o077;

/** A symbolic link does not count: somebody else may have made it. */
function isOurs(stat: fs.Stats): boolean {
  return stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid);
}

function notOurs(folder: string, problem: string): AppError {
  return new AppError("file.not-ours", `${folder} ${problem}, or set ATOLL_HOME to a folder of your own.`, {
    path: folder,
  });
}
