/**
 * The box that a QEMU runs in: it sees the files of its own VM and the programs of the host, and no other process, socket or
 * network. Bubblewrap makes it of Linux's namespaces; Landlock, where setpriv has it, says the same a second time. Here is
 * what they are told; which of it a host can do is found by box-probe.ts.
 *
 * Every path is the same inside as outside, so that QEMU's command line says where its disk is.
 */

/** Namespaces of its own, beside those that every box has: mounts, processes, IPC, host name. */
export interface Namespaces {
  /** Without it (root alone can do that) QEMU's user is the host's. */
  ownUser: boolean;
  ownNetwork: boolean;
}

/** Rights that Landlock governs; `devices`: also ioctl on devices, which later versions of setpriv know. */
export type Landlock = "files" | "files-and-devices";

/** null: this host cannot do it. */
export interface Box {
  namespaces: Namespaces | null;
  landlock: Landlock | null;
}

/** Absolute paths. */
export interface BoxFiles {
  /** What is executed, and what it needs that is not the system's. */
  programs: readonly string[];
  readOnly: readonly string[];
  disk: string;
  /** Written, beside the disk. */
  written?: readonly string[];
  /** Runtime folder of the VM: sockets. */
  folder: string;
  devices: readonly string[];
}

/** A folder or file of the host's system; `target`: it is a symbolic link to that. */
export interface SystemPath {
  path: string;
  target: string | null;
  isFolder: boolean;
}

/** What programs are made of. Nothing of a person is in them, nor a secret of the host. */
export const SYSTEM_PATHS = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/etc/alternatives",
  "/etc/ld.so.cache",
] as const;

export const DEVICES = ["/dev/null", "/dev/urandom"] as const;

/** Strongest first; the first that this host can make is taken. */
export function namespacesToTry(isRoot: boolean): Namespaces[] {
  const users = isRoot ? [true, false] : [true];
  return [true, false].flatMap((ownNetwork) => users.map((ownUser) => ({ ownUser, ownNetwork })));
}

/**
 * Bubblewrap's options. There is no /proc and no /sys: a user namespace does not keep root from writing /proc/sys, such as
 * the program that the kernel runs, outside of any box, for a core dump. It does not end with whoever started it: a VM outlives the application.
 *
 * @param statusFd where bubblewrap writes the process id, as this host counts
 * @see bwrap(1)
 */
export function bubblewrapOptions(
  { ownUser, ownNetwork }: Namespaces,
  files: BoxFiles,
  system: readonly SystemPath[],
  statusFd: number,
): string[] {
  return [
    ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    // As root without a user namespace, setpriv inside takes the capabilities away, those that it could gain too.
    ...(ownUser ? ["--unshare-user", "--cap-drop", "ALL"] : []),
    ...(ownNetwork ? ["--unshare-net"] : []),
    // Else process 1 would be one of bubblewrap's, and the process id that it reports not QEMU's.
    ...["--as-pid-1", "--json-status-fd", String(statusFd)],
    ...system.flatMap(({ path, target }) =>
      target === null ? ["--ro-bind", path, path] : ["--symlink", target, path],
    ),
    ...files.devices.flatMap((path) => ["--dev-bind", path, path]),
    ...[...files.programs, ...files.readOnly].flatMap((path) => ["--ro-bind", path, path]),
    ...[files.folder, files.disk, ...(files.written ?? [])].flatMap((path) => ["--bind", path, path]),
    // What is left is a file system in memory, which nobody needs to write into.
    ...["--remount-ro", "/", "--chdir", files.folder],
  ];
}

/** Takes from QEMU the means to gain privileges. As root it owns its files, so that it needs no capability to use them. */
const NO_PRIVILEGES = ["--no-new-privs"];
const NO_PRIVILEGES_ROOT = [...NO_PRIVILEGES, "--inh-caps=-all", "--bounding-set=-all"];

/**
 * The words before QEMU's own, inside of the box.
 *
 * @see setpriv(1)
 */
export function confinement(
  { landlock }: Box,
  files: BoxFiles,
  system: readonly SystemPath[],
  isRoot: boolean,
): string[] {
  const rules = landlock === null ? [] : landlockRules(landlock, files, system);
  return ["setpriv", ...(isRoot ? NO_PRIVILEGES_ROOT : NO_PRIVILEGES), ...rules, "--"];
}

function landlockRules(landlock: Landlock, files: BoxFiles, system: readonly SystemPath[]): string[] {
  const rule = (rights: string) => (path: string) => ["--landlock-rule", `path-beneath:${rights}:${path}`];
  const seen = system.filter(({ target }) => target === null);
  const folders = seen.filter(({ isFolder }) => isFolder).map(({ path }) => path);
  const single = seen.filter(({ isFolder }) => !isFolder).map(({ path }) => path);
  return [
    ...["--landlock-access", "fs"],
    ...folders.flatMap(rule("execute,read-file,read-dir")),
    ...files.programs.flatMap(rule("execute,read-file")),
    ...[...single, ...files.readOnly].flatMap(rule("read-file")),
    ...[files.disk, ...(files.written ?? [])].flatMap(rule("read-file,write-file,truncate")),
    ...rule("read-file,read-dir,write-file,truncate,make-reg,make-sock,remove-file")(files.folder),
    ...files.devices.flatMap(rule(landlock === "files" ? "read-file,write-file" : "read-file,write-file,ioctl-dev")),
  ];
}

/** What a QEMU is not kept from, in words for a person; none = the whole box. */
export function gapsOf({ namespaces, landlock }: Box): string[] {
  if (namespaces === null) {
    const files = landlock === null ? ["your other files"] : [];
    return [...files, "sockets of other programs", "the host's network", "your other processes"];
  }
  return namespaces.ownNetwork ? [] : ["the host's network"];
}
