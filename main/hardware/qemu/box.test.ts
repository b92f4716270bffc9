/** The arguments of bubblewrap and setpriv. That nothing else can be reached is tried in driver.test.ts, by a QEMU that tries. */
import { describe, expect, it } from "vitest";
import {
  type Box,
  type BoxFiles,
  bubblewrapOptions,
  confinement,
  gapsOf,
  namespacesToTry,
  SYSTEM_PATHS,
  type SystemPath,
} from "./box.ts";

const files: BoxFiles = {
  programs: ["/opt/qemu/bin/qemu-system-x86_64"],
  readOnly: ["/cache/root.img", "/cache/vmlinux"],
  disk: "/home/me/state/disk.qcow2",
  folder: "/run/user/1000/atoll/vms/1",
  devices: ["/dev/null", "/dev/kvm"],
};
const system: SystemPath[] = [
  { path: "/usr", target: null, isFolder: true },
  { path: "/lib", target: "usr/lib", isFolder: false },
  { path: "/etc/ld.so.cache", target: null, isFolder: false },
];
const whole = { ownUser: true, ownNetwork: true };

describe("bubblewrap", () => {
  it("makes all namespaces, shows each path at its own place, and lets nothing be written but disk and folder", () => {
    expect(bubblewrapOptions(whole, files, system, 3).join(" ")).toBe(
      [
        "--unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try --unshare-user --cap-drop ALL --unshare-net",
        "--as-pid-1 --json-status-fd 3",
        "--ro-bind /usr /usr --symlink usr/lib /lib --ro-bind /etc/ld.so.cache /etc/ld.so.cache",
        "--dev-bind /dev/null /dev/null --dev-bind /dev/kvm /dev/kvm",
        "--ro-bind /opt/qemu/bin/qemu-system-x86_64 /opt/qemu/bin/qemu-system-x86_64",
        "--ro-bind /cache/root.img /cache/root.img --ro-bind /cache/vmlinux /cache/vmlinux",
        "--bind /run/user/1000/atoll/vms/1 /run/user/1000/atoll/vms/1",
        "--bind /home/me/state/disk.qcow2 /home/me/state/disk.qcow2",
        "--remount-ro / --chdir /run/user/1000/atoll/vms/1",
      ].join(" "),
    );
  });

  it.each([
    ["ownUser", ["--unshare-user", "--cap-drop"]],
    ["ownNetwork", ["--unshare-net"]],
  ] as const)("without %s says all but that", (name, missing) => {
    const options = bubblewrapOptions({ ...whole, [name]: false }, files, system, 3);
    const gone = bubblewrapOptions(whole, files, system, 3).filter((word) => !options.includes(word));
    expect(gone.filter((word) => word.startsWith("--"))).toEqual(missing);
  });

  it("shows nothing of the kernel's own files, which root could write even there", () => {
    const words = [...bubblewrapOptions(whole, files, system, 3), ...SYSTEM_PATHS];
    expect(words.filter((word) => /^(--proc|--dev|\/proc.*|\/sys.*)$/.test(word))).toEqual([]);
  });

  it("never ends with whoever has started it", () => {
    for (const namespaces of namespacesToTry(true))
      expect(bubblewrapOptions(namespaces, files, system, 3)).not.toContain("--die-with-parent");
  });
});

describe("setpriv", () => {
  const rulesOf = (box: Box): string[] =>
    confinement(box, files, system, false).filter((_, index, all) => all[index - 1] === "--landlock-rule");

  it("lets nobody gain privileges, and takes root's", () => {
    const box = { namespaces: whole, landlock: null };
    expect(confinement(box, files, system, false)).toEqual(["setpriv", "--no-new-privs", "--"]);
    expect(confinement(box, files, system, true)).toEqual([
      ...["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"],
    ]);
  });

  it("gives Landlock the same files as the namespaces have", () => {
    expect(confinement({ namespaces: whole, landlock: "files" }, files, system, false)).toContain("--landlock-access");
    expect(rulesOf({ namespaces: whole, landlock: "files" })).toEqual([
      "path-beneath:execute,read-file,read-dir:/usr",
      "path-beneath:execute,read-file:/opt/qemu/bin/qemu-system-x86_64",
      "path-beneath:read-file:/etc/ld.so.cache",
      "path-beneath:read-file:/cache/root.img",
      "path-beneath:read-file:/cache/vmlinux",
      "path-beneath:read-file,write-file,truncate:/home/me/state/disk.qcow2",
      "path-beneath:read-file,read-dir,write-file,truncate,make-reg,make-sock,remove-file:/run/user/1000/atoll/vms/1",
      "path-beneath:read-file,write-file:/dev/null",
      "path-beneath:read-file,write-file:/dev/kvm",
    ]);
  });

  it("lets a machine whose memory is kept write that, too", () => {
    const written = ["/cache/snapshots/.partial-1/snapshot.ram"];
    const rules = confinement({ namespaces: whole, landlock: "files" }, { ...files, written }, system, false);
    expect(rules).toContain(`path-beneath:read-file,write-file,truncate:${written[0]}`);
    expect(bubblewrapOptions(whole, { ...files, written }, system, 3).join(" ")).toContain(
      `--bind ${written[0]} ${written[0]}`,
    );
  });

  it("lets nobody read the host's /proc", () => {
    expect(rulesOf({ namespaces: null, landlock: "files" }).filter((rule) => rule.includes("/proc"))).toEqual([]);
  });

  it("asks for devices' own rights where setpriv knows them", () => {
    expect(rulesOf({ namespaces: whole, landlock: "files-and-devices" })).toContain(
      "path-beneath:read-file,write-file,ioctl-dev:/dev/kvm",
    );
  });
});

it("an ordinary user needs a user namespace, root may do without", () => {
  expect(namespacesToTry(false).every(({ ownUser }) => ownUser)).toBe(true);
  expect(namespacesToTry(true).some(({ ownUser }) => !ownUser)).toBe(true);
  for (const isRoot of [true, false]) expect(namespacesToTry(isRoot)[0]).toEqual(whole);
});

it.each([
  [{ namespaces: whole, landlock: "files" }, []],
  [{ namespaces: { ...whole, ownUser: false }, landlock: null }, []],
  [{ namespaces: { ...whole, ownNetwork: false }, landlock: null }, ["the host's network"]],
  [
    { namespaces: null, landlock: "files" },
    ["sockets of other programs", "the host's network", "your other processes"],
  ],
  [
    { namespaces: null, landlock: null },
    ["your other files", "sockets of other programs", "the host's network", "your other processes"],
  ],
] satisfies [Box, string[]][])("%j keeps QEMU from all but %j", (box, gaps) => {
  expect(gapsOf(box)).toEqual(gaps);
});
