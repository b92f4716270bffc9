/** What counts in QEMU's command line. That QEMU obeys it is asserted on real machines (e2e/driver.e2e.ts). */
import { describe, expect, it } from "vitest";
import type { Accelerator, VmId } from "#shared/model/vm.ts";
import { LONGEST_SOCKET_NAME } from "../../base/paths.ts";
import type { GuestNetwork } from "../driver.ts";
import { NIC_SLOTS } from "./nic-words.ts";
import { type MachineSpec, qemuArguments, RUNTIME_FILES } from "./argv.ts";

const spec: MachineSpec = {
  id: "11111111-1111-4111-8111-111111111111" as VmId,
  hostname: "work",
  accelerator: "kvm",
  memoryMiB: 512,
  cpus: 2,
  kernel: "/t/vmlinux",
  initrd: "/t/initrd.img",
  disk: "/s/a,b=c.qcow2",
  keptDisk: null,
  baseImage: "/t/root,file=evil.img",
  snapshot: null,
  network: null,
  hasNicSlots: false,
};

/** The values of an option, in order. */
function values(option: string, change: Partial<MachineSpec> = {}): string[] {
  const args = qemuArguments({ ...spec, ...change });
  return args.filter((_, index) => args[index - 1] === option);
}

function devices(change: Partial<MachineSpec> = {}): Record<string, unknown>[] {
  return values("-device", change).map((text) => JSON.parse(text) as Record<string, unknown>);
}

it("no socket has a longer name than the one by which a home is measured", () => {
  const sockets = Object.values(RUNTIME_FILES).filter((name) => name.endsWith(".sock"));
  expect(sockets).toContain(LONGEST_SOCKET_NAME);
  for (const name of sockets) expect(name.length).toBeLessThanOrEqual(LONGEST_SOCKET_NAME.length);
});

it("is word for word what it was: a change of what QEMU is told is seen here", () => {
  const port = (name: string) => [
    ...["-chardev", `socket,id=${name},path=${name}.sock,server=on,wait=off`],
    ...[
      "-device",
      `{"driver":"virtserialport","id":"port-${name}","bus":"serial.0","chardev":"${name}","name":"org.atoll.${name}"}`,
    ],
  ];
  expect(qemuArguments(spec)).toEqual([
    ...["-nodefaults", "-no-user-config", "-display", "none", "-msg", "timestamp=on"],
    ...["-name", "atoll-11111111", "-uuid", "11111111-1111-4111-8111-111111111111"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-machine", "q35,usb=off,smbus=off,sata=off,vmport=off,dump-guest-core=off"],
    ...["-accel", "kvm", "-cpu", "host", "-smp", "2", "-m", "size=512M"],
    ...["-action", "reboot=shutdown,shutdown=pause,panic=pause"],
    ...["-kernel", "/t/vmlinux", "-initrd", "/t/initrd.img"],
    ...["-append", "console=ttyS0 quiet loglevel=3 root=/dev/vda rw panic=-1 atoll.hostname=work"],
    "-blockdev",
    '{"driver":"qcow2","node-name":"disk","discard":"unmap","detect-zeroes":"unmap",' +
      '"file":{"driver":"file","filename":"/s/a,b=c.qcow2","discard":"unmap"},' +
      '"backing":{"driver":"raw","read-only":true,' +
      '"file":{"driver":"file","filename":"/t/root,file=evil.img","read-only":true}}}',
    ...["-device", '{"driver":"virtio-blk-pci","drive":"disk"}'],
    ...["-device", '{"driver":"virtio-rng-pci"}'],
    ...["-device", '{"driver":"pvpanic-pci","events":1}'],
    ...[
      "-device",
      '{"driver":"virtio-serial-pci","id":"serial","max_ports":4,"emergency-write":false,"ioeventfd":true}',
    ],
    ...["control", "frames", "bulk"].flatMap(port),
    ...["-chardev", "socket,id=qmp,path=qmp.sock,server=on,wait=off", "-mon", "chardev=qmp,mode=control"],
    ...["-chardev", "ringbuf,id=console,size=65536", "-serial", "chardev:console"],
  ]);
});

it("a VM without a network has none: QEMU makes no default devices, and is given no network backend or card", () => {
  const args = qemuArguments(spec);
  expect(args).toContain("-nodefaults");
  expect(args).toContain("-no-user-config");
  for (const option of ["-net", "-nic", "-netdev"]) expect(args).not.toContain(option);
  expect(devices().map(({ driver }) => driver)).toEqual([
    "virtio-blk-pci",
    "virtio-rng-pci",
    "pvpanic-pci",
    "virtio-serial-pci",
    "virtserialport",
    "virtserialport",
    "virtserialport",
  ]);
});

it("the sandbox denies new privileges, new processes and what QEMU does not need", () => {
  expect(values("-sandbox")).toEqual(["on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]);
});

it("the disk is the overlay, and its backing image is named by us and read-only", () => {
  const [text = "", ...others] = values("-blockdev");
  expect(others).toEqual([]);
  expect(JSON.parse(text)).toEqual({
    driver: "qcow2",
    "node-name": "disk",
    discard: "unmap",
    "detect-zeroes": "unmap",
    file: { driver: "file", filename: spec.disk, discard: "unmap" },
    backing: {
      driver: "raw",
      "read-only": true,
      file: { driver: "file", filename: spec.baseImage, "read-only": true },
    },
  });
  for (const option of ["-drive", "-hda", "-snapshot"]) expect(qemuArguments(spec)).not.toContain(option);
});

it("the guest has three ports, each on a socket of its own that QEMU listens on", () => {
  const ports = devices().filter(({ driver }) => driver === "virtserialport");
  expect(ports.map(({ name, chardev }) => [name, chardev])).toEqual([
    ["org.atoll.control", "control"],
    ["org.atoll.frames", "frames"],
    ["org.atoll.bulk", "bulk"],
  ]);
  const sockets = values("-chardev").filter((text) => text.startsWith("socket,"));
  expect(sockets).toEqual([
    "socket,id=control,path=control.sock,server=on,wait=off",
    "socket,id=frames,path=frames.sock,server=on,wait=off",
    "socket,id=bulk,path=bulk.sock,server=on,wait=off",
    "socket,id=qmp,path=qmp.sock,server=on,wait=off",
  ]);
});

it("the console goes to a ring in memory, never to a file of the host", () => {
  expect(values("-serial")).toEqual(["chardev:console"]);
  expect(values("-chardev")).toContain("ringbuf,id=console,size=65536");
});

it("a guest that ends stays until its end has been seen", () => {
  expect(values("-action")).toEqual(["reboot=shutdown,shutdown=pause,panic=pause"]);
});

it("is found again by its id", () => {
  expect(values("-uuid")).toEqual([spec.id]);
  // QEMU would write the number that it has in its box.
  expect(values("-pidfile")).toEqual([]);
});

it.each([
  ["kvm", 2, ["kvm"], false],
  ["tcg", 2, ["tcg,thread=multi,tb-size=64"], true],
  ["tcg", 1, ["tcg,thread=multi,tb-size=64"], false],
] as [Accelerator, number, string[], boolean][])(
  "by %s with %i processors the accelerator is %j, and the kernel starts on one: %s",
  (accelerator, cpus, accel, startsOnOne) => {
    expect(values("-accel", { accelerator, cpus })).toEqual(accel);
    expect(values("-smp", { accelerator, cpus })).toEqual([String(cpus)]);
    expect(values("-append", { accelerator, cpus })[0]?.includes(" maxcpus=1 ")).toBe(startsOnOne);
    expect(values("-append", { accelerator, cpus })[0]?.includes(" no_timer_check ")).toBe(accelerator === "tcg");
    const serial = devices({ accelerator, cpus }).find(({ driver }) => driver === "virtio-serial-pci");
    expect(serial).toMatchObject({ ioeventfd: accelerator === "kvm" });
  },
);

it.each([
  [128, 64],
  [512, 64],
  [1024, 128],
  [1536, 192],
  [2048, 256],
  [16_384, 256],
])("an emulated guest of %i MiB has %i MiB for translated code", (memoryMiB, cacheMiB) => {
  const accel = values("-accel", { accelerator: "tcg", memoryMiB });
  expect(accel).toEqual([`tcg,thread=multi,tb-size=${cacheMiB}`]);
});

it("the guest is given its name, and nothing else of the host", () => {
  expect(values("-append")).toEqual(["console=ttyS0 quiet loglevel=3 root=/dev/vda rw panic=-1 atoll.hostname=work"]);
});

it.each([
  [true, "root"],
  [false, "user"],
])("a service VM's guest is told its program, as root: %s", (isRoot, user) => {
  const service = { isRoot, command: "atoll-netfilter", isInSnapshot: false };
  expect(values("-append", { service })[0]).toContain(` atoll.service=${user}:atoll-netfilter `);
});

it("only where a memory is kept is a program told to get ready before", () => {
  const service = { isRoot: false, command: "look", isInSnapshot: true };
  const word = " atoll.program-in-snapshot ";
  expect(values("-append", { service })[0]).not.toContain(word);
  expect(values("-append", { service, snapshot: { ram: null, frozenDisk: null } })[0]).toContain(word);
});

it("what a service keeps is on a second disk, whose content names no file of the host's", () => {
  const keptDisk = "/s/kept,file=evil.img";
  expect(values("-blockdev", { keptDisk }).map((text) => JSON.parse(text) as object)[1]).toEqual({
    ...{ driver: "raw", "node-name": "kept", discard: "unmap", "detect-zeroes": "unmap" },
    file: { driver: "file", filename: keptDisk, discard: "unmap" },
  });
  const disks = devices({ keptDisk }).filter(({ driver }) => driver === "virtio-blk-pci");
  expect(disks.map(({ drive }) => drive)).toEqual(["disk", "kept"]);
  expect(values("-append", { keptDisk })[0]).toContain(" atoll.keeps-files ");
});

describe("a network", () => {
  const network: GuestNetwork = {
    nic: { id: "nic", mac: "52:54:00:a7:00:01" },
    ipv4: { address: "10.137.0.6", prefix: 30, gateway: "10.137.0.5" },
    ipv6: { address: "fd00:137:1::2", prefix: 64, gateway: "fd00:137:1::1" },
  };

  it("is one interface, whose frames QEMU gives to whoever connects to a socket in the runtime folder", () => {
    expect(values("-netdev", { network }).map((text) => JSON.parse(text) as unknown)).toEqual([
      { type: "stream", id: "nic", server: true, addr: { type: "unix", path: "nic.sock" } },
    ]);
    expect(devices({ network }).at(-1)).toEqual({
      driver: "virtio-net-pci",
      id: "nic-nic",
      netdev: "nic",
      mac: "52:54:00:a7:00:01",
      host_mtu: 65_520,
      romfile: "",
    });
    for (const option of ["-net", "-nic"]) expect(qemuArguments({ ...spec, network })).not.toContain(option);
  });

  it("tells the guest its addresses, as init reads them", () => {
    expect(values("-append", { network })[0]).toMatch(
      / atoll\.net=10\.137\.0\.6\/30,10\.137\.0\.5,fd00:137:1::2\/64,fd00:137:1::1,52:54:00:a7:00:01$/,
    );
  });

  it("can be added later where there are slots for it, which have places and numbers of their own", () => {
    const slots = devices({ hasNicSlots: true }).filter(({ driver }) => driver === "pcie-root-port");
    expect(slots).toHaveLength(NIC_SLOTS);
    for (const property of ["id", "chassis", "addr"])
      expect(new Set(slots.map((slot) => slot[property])).size).toBe(NIC_SLOTS);
    expect(slots[0]).toEqual({
      driver: "pcie-root-port",
      id: "slot0",
      chassis: 1,
      addr: "10.0",
      multifunction: true,
    });
    expect(values("-netdev", { hasNicSlots: true })).toEqual([]);
  });

  it("has one slot in a machine whose memory is kept, for that of each which goes on", () => {
    const slots = (change: Partial<MachineSpec>): unknown[] =>
      devices({ snapshot: { ram: null, frozenDisk: null }, ...change }).filter(({ id }) =>
        String(id).startsWith("slot"),
      );
    expect(slots({})).toEqual([expect.objectContaining({ driver: "pcie-root-port", id: "slot0" })]);
    expect(slots({ hasNicSlots: true })).toHaveLength(NIC_SLOTS);
    expect(devices({}).filter(({ driver }) => driver === "pcie-root-port")).toEqual([]);
  });
});

describe("a machine whose memory is kept, and one that goes on from it", () => {
  const ram = { file: "/c/snapshot.ram", isWritten: true };
  const kept = { ram, frozenDisk: null };
  const fork = { ram: { ...ram, isWritten: false }, frozenDisk: "/c/disk.qcow2" };
  const changing = ["-object", "-blockdev", "-incoming", "-append"];
  const others = (use: MachineSpec["snapshot"]): string[] => {
    const args = qemuArguments({ ...spec, snapshot: use });
    return args.filter((word, at) => !changing.includes(word) && !changing.includes(args[at - 1] ?? ""));
  };

  it("have the same devices and the same kernel", () => {
    expect(others(fork)).toEqual(others(kept));
    expect(values("-append", { snapshot: fork })).toEqual(values("-append", { snapshot: kept }));
    expect(values("-append", { snapshot: kept })[0]).toMatch(/ atoll.hostname=disposable atoll.snapshot$/);
  });

  it("differ in who writes the memory, and in whose disk it is", () => {
    const [keptRam, forkRam] = [kept, fork].map(
      (use) => JSON.parse(values("-object", { snapshot: use })[0] ?? "") as Record<string, unknown>,
    );
    expect(keptRam).toEqual({
      "qom-type": "memory-backend-file",
      id: "ram",
      size: 512 * 1024 * 1024,
      "mem-path": "/c/snapshot.ram",
      share: true,
    });
    expect(forkRam).toEqual({ ...keptRam, share: false });
    expect(values("-incoming", { snapshot: kept })).toEqual([]);
    expect(values("-incoming", { snapshot: fork })).toEqual(["defer"]);
    const disk = JSON.parse(values("-blockdev", { snapshot: fork })[0] ?? "") as Record<string, unknown>;
    expect(disk["file"]).toMatchObject({ filename: spec.disk });
    expect(disk["backing"]).toMatchObject({
      driver: "qcow2",
      "read-only": true,
      file: { filename: "/c/disk.qcow2", "read-only": true },
      backing: { driver: "raw", "read-only": true, file: { filename: spec.baseImage, "read-only": true } },
    });
  });

  it("may have memory of their own", () => {
    const use = { ram: null, frozenDisk: "/c/disk.qcow2" };
    expect(values("-object", { snapshot: use })).toEqual([
      '{"qom-type":"memory-backend-ram","id":"ram","size":536870912}',
    ]);
  });

  it("have the memory that is named, and a socket for what init says", () => {
    expect(values("-machine", { snapshot: fork })[0]).toMatch(/,memory-backend=ram$/);
    expect(values("-chardev", { snapshot: fork })).toContain("socket,id=fork,path=fork.sock,server=on,wait=off");
  });

  it("have a port for init, and a generation that each draws anew", () => {
    const all = devices({ snapshot: fork });
    expect(all).toContainEqual({ driver: "vmgenid", guid: "auto" });
    expect(all.filter(({ driver }) => driver === "virtserialport").map(({ name }) => name)).toEqual([
      ...["org.atoll.control", "org.atoll.frames", "org.atoll.bulk"],
      "org.atoll-init.fork",
    ]);
    expect(all.find(({ driver }) => driver === "virtio-serial-pci")).toMatchObject({ max_ports: 5 });
  });
});
