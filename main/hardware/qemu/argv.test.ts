/** What counts in QEMU's command line. That QEMU obeys it is asserted on real machines (e2e/driver.e2e.ts). */
import { expect, it } from "vitest";
import type { Accelerator, VmId } from "#shared/model/vm.ts";
import { LONGEST_SOCKET_NAME } from "../../base/paths.ts";
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
  baseImage: "/t/root,file=evil.img",
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

it("there is no network: QEMU makes no default devices, and is given no network backend or card", () => {
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
  },
);

it("the guest is given its name, and nothing else of the host", () => {
  expect(values("-append")).toEqual(["console=ttyS0 quiet loglevel=3 root=/dev/vda rw panic=-1 atoll.hostname=work"]);
});
