/**
 * A Debian with nothing in it but what the package depends on, and what a test starts a program of it with. A program is in it by
 * pivot_root: in a chroot nobody can make user namespaces, which Chromium's sandbox and the box around QEMU are made of, and in
 * bubblewrap nobody gets the rights of another user, as a build of a template does.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { cachePaths, resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { forUsing } from "../../scripts/setup/packages.mjs";

const checkout = path.resolve(import.meta.dirname, "../..");
const SUITE = "trixie";
/** A display; `gio` and `xdg-open`, and the types and default programs that it knows; what checks what is in the package. */
const FOR_TESTS = [
  "xvfb",
  "libglib2.0-bin",
  "xdg-utils",
  "file",
  "shared-mime-info",
  "desktop-file-utils",
  "fonts-dejavu-core",
  "apparmor",
  "appstream",
];
/** By root, in namespaces of its own. Its words: the root, the file that is `/atoll.deb`, folders as `FROM:TO`, what it begins. */
const ENTER = `
root=$1; package=$2; shift 2
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts
mkdir -m 1777 dev/shm
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for device in null zero full random urandom tty; do
  : >dev/$device
  mount --bind /dev/$device dev/$device
done
: >atoll.deb
mount --bind "$package" atoll.deb
while [ "$1" != -- ]; do
  mkdir -p ".\${1#*:}"
  mount --bind "\${1%%:*}" ".\${1#*:}"
  shift
done
shift
mkdir .host
pivot_root . .host
cd /
umount --lazy .host
rmdir .host
exec "$@"
`;
/** The ordinary user. */
const UID = 1000;
const HOME = "/home/tester";

/** For scripts of root: installs the package, starts a display, and has `as_user` for what the ordinary user does. */
export const INSTALL = `
as_user() {
  setpriv --reuid=${UID} --regid=${UID} --clear-groups --inh-caps=-all -- env -i HOME=${HOME} USER=tester LOGNAME=tester \\
    PATH=/usr/bin:/bin LANG=C.UTF-8 XDG_RUNTIME_DIR=/run/user/${UID} DISPLAY=:99 ATOLL_KIOSKS_MIB=0 "$@"
}
dpkg -i /atoll.deb
install -d -o ${UID} -g ${UID} -m 700 /run/user/${UID}
mkdir -m 1777 /tmp/.X11-unix
as_user Xvfb :99 -screen 0 1280x800x24 -nolisten tcp -ac &
`;
/** For scripts of the ordinary user. On a busy machine a VM may be late, and is called unresponsive meanwhile. */
export const HOME_RUNS = `
home_runs() {
  until atoll vm info home --json 2>/dev/null | tr -d ' \\n' | grep -q '"state":"running"'; do sleep 1; done
}
`;

export interface CleanRoot {
  /** Files of the test, in the root as `/work`: the ordinary user's. */
  readonly work: string;
  /** Runs a script of `work` as root, until it ends. @returns its exit code */
  run(script: string, timeoutMs: number): Promise<number | null>;
  /** Ends what still runs in it. */
  remove(): void;
}

/** Makes the package of this checkout. @returns its path */
export function makePackage(): string {
  execFileSync(process.execPath, ["scripts/package.mjs"], { cwd: checkout, stdio: "inherit" });
  const { version } = JSON.parse(fs.readFileSync(path.join(checkout, "package.json"), "utf8")) as { version: string };
  return path.join(checkout, `dist/atoll_${version}_amd64.deb`);
}

/**
 * Only root can make one.
 *
 * @param packageFile in the root as `/atoll.deb`
 * @param hasTemplates whether the ordinary user's cache has the templates that this machine's has
 */
export function makeCleanRoot(packageFile: string, hasTemplates: boolean): CleanRoot {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-root-"));
  fs.chmodSync(folder, 0o755);
  const [root, work, templates] = ["root", "work", "templates"].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const made of [root, work]) fs.mkdirSync(made);
  execFileSync("tar", ["-C", root, "--numeric-owner", "--exclude=./dev/*", "-xf", archive()]);
  fs.chmodSync(root, 0o755);
  const add = (file: string, line: string): void => fs.appendFileSync(path.join(root, "etc", file), `${line}\n`);
  add("passwd", `tester:x:${UID}:${UID}::${HOME}:/bin/bash`);
  add("group", `tester:x:${UID}:`);
  // As adduser does: a build of a template needs them.
  for (const file of ["subuid", "subgid"]) add(file, "tester:100000:65536");
  fs.copyFileSync("/etc/resolv.conf", path.join(root, "etc/resolv.conf"));
  fs.mkdirSync(path.join(root, HOME, ".cache/atoll"), { recursive: true });
  const bound = [`${work}:/work`];
  if (hasTemplates) {
    // Hard links, which the user can read.
    execFileSync("cp", ["-al", cachePaths(resolveCacheDir()).templatesDir, templates]);
    execFileSync("find", [templates, "-type", "d", "-exec", "chmod", "755", "{}", "+"]);
    execFileSync("find", [templates, "-type", "d", "-exec", "chown", `${UID}:${UID}`, "{}", "+"]);
    bound.push(`${templates}:${HOME}/.cache/atoll/templates`);
  }
  execFileSync("chown", ["-R", `${UID}:${UID}`, path.join(root, HOME), work]);
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"];
  const entered = ["/bin/bash", "-ec", ENTER, "enter", root, packageFile, ...bound, "--"];
  let running: ChildProcess | null = null;
  return {
    work,
    run: (script, timeoutMs) =>
      new Promise((resolve, reject) => {
        const child = spawn("unshare", [...namespaces, ...entered, "/bin/bash", "-e", `/work/${script}`], {
          env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" },
          stdio: ["ignore", "inherit", "inherit"],
          timeout: timeoutMs,
          killSignal: "SIGKILL",
        });
        running = child;
        child.once("error", reject);
        child.once("exit", resolve);
      }),
    remove: () => {
      // Its first process goes with it, and so does all that this has started.
      running?.kill("SIGKILL");
      execFileSync("rm", ["-rf", "--one-file-system", folder]);
    },
  };
}

/** Kept in the cache by the hash of what it is made from: it takes minutes to make. */
function archive(): string {
  const packages = [...forUsing.map(({ names: [newest] }) => newest), ...FOR_TESTS].join(",");
  const words = [
    "--mode=root",
    "--variant=minbase",
    `--include=${packages}`,
    '--aptopt=APT::Install-Recommends "false"',
  ];
  const key = createHash("sha256")
    .update(JSON.stringify([SUITE, words]))
    .digest("hex")
    .slice(0, 20);
  const roots = path.join(resolveCacheDir(), "test-roots");
  const file = path.join(roots, `${key}.tar`);
  if (fs.existsSync(file)) return file;
  fs.mkdirSync(roots, { recursive: true });
  const partial = path.join(roots, `partial-${process.pid}.tar`);
  // As root it mounts /proc and others, which nobody else shall see.
  execFileSync("unshare", ["--mount", "mmdebstrap", ...words, SUITE, partial], { stdio: "inherit" });
  fs.renameSync(partial, file);
  // Those of former recipes.
  for (const name of fs.readdirSync(roots)) if (name !== path.basename(file)) fs.rmSync(path.join(roots, name));
  return file;
}
