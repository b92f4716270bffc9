/**
 * QEMU's command line. Every path goes through JSON, an argument of its own, or is relative to the machine's runtime folder
 * (QEMU's working directory): nothing that a user wrote is pasted into an option.
 */
import { type Accelerator, type VmId, vmIdBeginning } from "#shared/model/vm.ts";
import { CHANNEL_NAMES, type GuestNetwork } from "../driver.ts";
import type { ServiceProgram } from "../service-images.ts";
import { NIC_SLOTS, nicDevice, nicNetdev, nicSlotDevices } from "./nic-words.ts";

export interface MachineSpec {
  id: VmId;
  hostname: string;
  accelerator: Accelerator;
  memoryMiB: number;
  cpus: number;
  kernel: string;
  initrd: string;
  /** qcow2 overlay of this VM. */
  disk: string;
  /** Of what it keeps beside that; null: it has none. */
  keptDisk: string | null;
  /** Raw, read-only image of the template. */
  baseImage: string;
  /** null: an ordinary machine, which boots. */
  snapshot: SnapshotUse | null;
  /** null: it has no interface from its start on. */
  network: GuestNetwork | null;
  /** Interfaces can be added while it runs: as many as other VMs need, else only the own one of a machine that goes on. */
  hasNicSlots: boolean;
  /** Of a service VM. */
  service?: ServiceProgram | undefined;
}

/**
 * A machine whose memory is to be kept, or one that goes on from that: QEMU takes the state of the one only where the other
 * has the same devices and the same command line of the kernel.
 */
export interface SnapshotUse {
  /** Of the guest's memory; null: memory of its own. */
  ram: {
    /** Its name is SNAPSHOT_RAM, see agents/fork-memory. */
    file: string;
    /** False: what the guest writes goes into memory of its own. */
    isWritten: boolean;
  } | null;
  /** It goes on: the disk as it was when the memory was kept, between its own and the template's. */
  frozenDisk: string | null;
}

/** What the file of a snapshot's memory is called: QEMU, unless it is to write it, opens it for reading alone. */
export const SNAPSHOT_RAM = "snapshot.ram";
/** Each guest is told its own name when it goes on. */
const SNAPSHOT_HOSTNAME = "disposable";
/** Of init, see agents/init/src/fork.rs. */
const FORK_PORT = "org.atoll-init.fork";

/** Names of the sockets and files in the runtime folder. The process id is the host's: QEMU knows only the one in its box. */
export const RUNTIME_FILES = {
  control: "control.sock",
  frames: "frames.sock",
  bulk: "bulk.sock",
  qmp: "qmp.sock",
  /** Init's port, of a machine whose memory is kept and of those that go on from it. */
  fork: "fork.sock",
  /** Where a machine's state goes out, or comes in. */
  state: "state.sock",
  pid: "qemu.pid",
  log: "qemu.log",
} as const;

/**
 * TCG's translation cache, MiB: for a terminal and an editor the least is as fast as QEMU's own 1 GiB, and saves 170 MB a VM.
 * A browser or an office suite runs more code than fits in there: the emulator then throws all of it away and translates it
 * again. Such guests have more memory.
 */
const TCG_CACHE_MIB = { min: 64, max: 256 } as const;
const GUEST_MEMORY_PER_TCG_CACHE = 8;

/**
 * Without ERMS: a kernel that sees it clears and copies memory by "rep stosb" and "rep movsb", which the emulator does byte
 * by byte. With it, to clear 2 MB takes ten times as long, and to read as much of a file five times.
 */
const EMULATED_PROCESSOR = "max,erms=off";

/** The guest's last console output, a power of two. */
export const CONSOLE_BYTES = 64 * 1024;

/** @see QEMU docs/specs/pvpanic.rst */
const PVPANIC_PANICKED = 1;

/** QEMU's name of a channel's port. */
export function portId(channel: string): string {
  return `port-${channel}`;
}

export function qemuArguments(spec: MachineSpec): string[] {
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-msg", "timestamp=on"],
    ...["-name", `atoll-${vmIdBeginning(spec.id)}`, "-uuid", spec.id],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-machine", `q35,usb=off,smbus=off,sata=off,vmport=off,dump-guest-core=off${memoryWords(spec)}`],
    ...qemuAccelerator(spec),
    ...["-smp", String(spec.cpus), "-m", `size=${spec.memoryMiB}M`],
    ...memoryBackend(spec),
    // A guest that ends stays paused until its end has been seen (also by an application that starts later); then QEMU is asked to quit.
    ...["-action", "reboot=shutdown,shutdown=pause,panic=pause"],
    ...["-kernel", spec.kernel, "-initrd", spec.initrd, "-append", kernelCommandLine(spec)],
    ...["-blockdev", JSON.stringify(blockNode(spec))],
    ...device({ driver: "virtio-blk-pci", drive: "disk" }),
    ...keptDisk(spec),
    ...device({ driver: "virtio-rng-pci" }),
    // Of its events only a panic, which pauses the machine: a guest could make any number of others.
    ...device({ driver: "pvpanic-pci", events: PVPANIC_PANICKED }),
    ...device({
      driver: "virtio-serial-pci",
      id: "serial",
      // Number 0 is kept for a console.
      max_ports: CHANNEL_NAMES.length + 1 + (spec.snapshot === null ? 0 : 1),
      "emergency-write": false,
      // Without ioeventfd the thread that runs the processor handles what the guest sends; emulated, waking another thread is slower.
      ioeventfd: spec.accelerator === "kvm",
    }),
    ...CHANNEL_NAMES.flatMap((name) => [
      ...["-chardev", `socket,id=${name},path=${RUNTIME_FILES[name]},server=on,wait=off`],
      ...device({
        driver: "virtserialport",
        id: portId(name),
        bus: "serial.0",
        chardev: name,
        name: `org.atoll.${name}`,
      }),
    ]),
    ...snapshotDevices(spec),
    ...networkDevices(spec),
    ...["-chardev", `socket,id=qmp,path=${RUNTIME_FILES.qmp},server=on,wait=off`, "-mon", "chardev=qmp,mode=control"],
    // A ring in memory, not a file: a guest could fill the host's disk with its console.
    ...["-chardev", `ringbuf,id=console,size=${CONSOLE_BYTES}`, "-serial", "chardev:console"],
  ];
}

export function qemuAccelerator({ accelerator, memoryMiB }: Pick<MachineSpec, "accelerator" | "memoryMiB">): string[] {
  if (accelerator === "kvm") return ["-accel", "kvm", "-cpu", "host"];
  const wanted = Math.floor(memoryMiB / GUEST_MEMORY_PER_TCG_CACHE);
  const cacheMiB = Math.min(Math.max(wanted, TCG_CACHE_MIB.min), TCG_CACHE_MIB.max);
  return ["-accel", `tcg,thread=multi,tb-size=${cacheMiB}`, "-cpu", EMULATED_PROCESSOR];
}

function device(properties: Record<string, string | number | boolean>): string[] {
  return ["-device", JSON.stringify(properties)];
}

function memoryWords({ snapshot }: MachineSpec): string {
  return snapshot === null ? "" : ",memory-backend=ram";
}

function memoryBackend({ snapshot, memoryMiB }: MachineSpec): string[] {
  if (snapshot === null) return [];
  const size = memoryMiB * 1024 * 1024;
  const { ram } = snapshot;
  const backend =
    ram === null
      ? { "qom-type": "memory-backend-ram", id: "ram", size }
      : { "qom-type": "memory-backend-file", id: "ram", size, "mem-path": ram.file, share: ram.isWritten };
  return ["-object", JSON.stringify(backend)];
}

function snapshotDevices({ snapshot }: MachineSpec): string[] {
  if (snapshot === null) return [];
  return [
    ...["-chardev", `socket,id=fork,path=${RUNTIME_FILES.fork},server=on,wait=off`],
    ...device({ driver: "virtserialport", id: "port-fork", bus: "serial.0", chardev: "fork", name: FORK_PORT }),
    // Another one for each: the guest's kernel draws new random numbers when it sees another.
    ...device({ driver: "vmgenid", guid: "auto" }),
    ...(snapshot.frozenDisk === null ? [] : ["-incoming", "defer"]),
  ];
}

function networkDevices({ network, hasNicSlots, snapshot }: MachineSpec): string[] {
  // No interface is in a kept memory: one that has a network gets it when it goes on.
  const forks = snapshot === null ? 0 : 1;
  return [
    ...(network === null ? [] : ["-netdev", JSON.stringify(nicNetdev(network.nic)), ...device(nicDevice(network.nic))]),
    ...nicSlotDevices(hasNicSlots ? NIC_SLOTS : forks).flatMap(device),
  ];
}

/** The backing image is named here, so that the name inside the overlay, which a guest may have written, is never followed. */
function blockNode(spec: MachineSpec): Record<string, unknown> {
  const base = {
    driver: "raw",
    "read-only": true,
    file: { driver: "file", filename: spec.baseImage, "read-only": true },
  };
  const frozen = spec.snapshot?.frozenDisk ?? null;
  return {
    driver: "qcow2",
    "node-name": "disk",
    // What the guest frees or fills with zeros goes back to the host.
    discard: "unmap",
    "detect-zeroes": "unmap",
    file: { driver: "file", filename: spec.disk, discard: "unmap" },
    backing:
      frozen === null
        ? base
        : {
            driver: "qcow2",
            "read-only": true,
            file: { driver: "file", filename: frozen, "read-only": true },
            backing: base,
          },
  };
}

/** Raw: nothing that the guest writes says where anything is. */
function keptDisk({ keptDisk: filename }: MachineSpec): string[] {
  if (filename === null) return [];
  const file = { driver: "file", filename, discard: "unmap" };
  const node = { driver: "raw", "node-name": "kept", discard: "unmap", "detect-zeroes": "unmap", file };
  return ["-blockdev", JSON.stringify(node), ...device({ driver: "virtio-blk-pci", drive: "kept" })];
}

/** Names match VM_NAME_PATTERN, so they need no quoting here. */
function kernelCommandLine({
  hostname,
  accelerator,
  cpus,
  snapshot,
  network,
  service,
  keptDisk: kept,
}: MachineSpec): string {
  // The kernel patches its own code while it starts. With a second processor running, QEMU's emulator sometimes executes
  // the breakpoint that the patching puts there for a moment, and the guest panics: so init starts the others later.
  const processors = accelerator === "tcg" && cpus > 1 ? " maxcpus=1" : "";
  // The kernel tries its timer for a moment by the clock of the host, and panics where no interrupt came: an emulated processor
  // that waits for its turn on a busy host gets none. Under KVM the kernel leaves that out by itself.
  const timer = accelerator === "tcg" ? " no_timer_check" : "";
  const program = service === undefined ? "" : ` atoll.service=${service.isRoot ? "root" : "user"}:${service.command}`;
  const inSnapshot = service?.isInSnapshot === true && snapshot !== null ? " atoll.program-in-snapshot" : "";
  const keeps = kept === null ? "" : " atoll.keeps-files";
  return `console=ttyS0 quiet loglevel=3 root=/dev/vda rw panic=-1${processors}${timer}${program}${inSnapshot}${keeps} ${
    snapshot === null ? `atoll.hostname=${hostname}` : `atoll.hostname=${SNAPSHOT_HOSTNAME} atoll.snapshot`
  }${network === null ? "" : ` atoll.net=${networkWord(network)}`}`;
}

/** Addresses and numbers alone: @see agents/init/src/cmdline.rs */
export function networkWord({ nic, ipv4, ipv6 }: GuestNetwork): string {
  const family = ({ address, prefix, gateway }: GuestNetwork["ipv4"]): string => `${address}/${prefix},${gateway}`;
  return `${family(ipv4)},${family(ipv6)},${nic.mac}`;
}
