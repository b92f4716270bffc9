/**
 * The kernel modules that a guest gets: everything else that it needs is built into Debian's cloud kernel.
 * The list becomes `/modules/order` of the initrd; its lines are described in agents/init/src/modules.rs.
 */

export interface GuestModule {
  /** Path below `kernel/`, without `.ko.xz`. */
  path: string;
  /** `root`: needed to reach the root filesystem. `late`: inserted after the agent was started. */
  phase: "root" | "late";
  /** Inserted only where a device has a modalias that starts with this. */
  modaliasPrefix?: string;
}

const VIRTIO_NET = "virtio:d00000001v";
const VIRTIO_RNG = "virtio:d00000004v";
const PVPANIC = "pci:v00001B36d00000011";

/** Dependencies before dependents. */
export const GUEST_MODULES: readonly GuestModule[] = [
  { path: "drivers/block/virtio_blk", phase: "root" },
  { path: "drivers/char/hw_random/virtio-rng", phase: "late", modaliasPrefix: VIRTIO_RNG },
  { path: "drivers/misc/pvpanic/pvpanic", phase: "late", modaliasPrefix: PVPANIC },
  { path: "drivers/misc/pvpanic/pvpanic-pci", phase: "late", modaliasPrefix: PVPANIC },
  // The power button, and the device by which init reads it.
  { path: "drivers/input/evdev", phase: "late" },
  { path: "drivers/acpi/button", phase: "late" },
  { path: "net/core/failover", phase: "late", modaliasPrefix: VIRTIO_NET },
  { path: "drivers/net/net_failover", phase: "late", modaliasPrefix: VIRTIO_NET },
  { path: "drivers/net/virtio_net", phase: "late", modaliasPrefix: VIRTIO_NET },
];

export function moduleFile(module: GuestModule): string {
  return `${module.path.slice(module.path.lastIndexOf("/") + 1)}.ko`;
}

export function moduleOrder(modules: readonly GuestModule[] = GUEST_MODULES): string {
  return modules
    .map((module) => [module.phase, moduleFile(module), module.modaliasPrefix].filter(Boolean).join(" ") + "\n")
    .join("");
}
