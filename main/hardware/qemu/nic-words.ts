/** Names and options of network interfaces for QEMU: the same on its command line and by its monitor. */
import type { NicSpec } from "../driver.ts";

/**
 * How many interfaces can be added to a VM that runs. q35 needs a port for each from the start, and a guest some 0.1 s more
 * for every port.
 */
export const NIC_SLOTS = 24;
/** Ports in one slot of the PCI bus, as its functions. */
const PORTS_PER_SLOT = 8;
/** Of the PCI bus; nothing else of a VM comes to it. */
const FIRST_SLOT = 0x10;

/** As large as a packet can be: each crossing costs by packets, not by bytes. What leaves the host is cut by passt. */
const MTU = 65_520;

/** Of the device: what the link's state is set by, and what is unplugged. */
export function nicDeviceId(id: string): string {
  return `nic-${id}`;
}

/** In the runtime folder. */
export function nicSocketName(id: string): string {
  return `${id}.sock`;
}

export function nicSlotId(index: number): string {
  return `slot${index}`;
}

/** QEMU listens: the one who connects can go and come again, without a restart of the VM. */
export function nicNetdev({ id }: NicSpec) {
  return { type: "stream", id, server: true, addr: { type: "unix", path: nicSocketName(id) } } as const;
}

/** @param slot an index below NIC_SLOTS; left out: on the root bus, from the start */
export function nicDevice({ id, mac }: NicSpec, slot?: number) {
  return {
    driver: "virtio-net-pci",
    id: nicDeviceId(id),
    netdev: id,
    mac,
    host_mtu: MTU,
    // Nothing boots from the network.
    romfile: "",
    ...(slot === undefined ? {} : { bus: nicSlotId(slot) }),
  };
}

export function nicSlotDevices(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    driver: "pcie-root-port",
    id: nicSlotId(index),
    chassis: index + 1,
    addr: `${(FIRST_SLOT + Math.floor(index / PORTS_PER_SLOT)).toString(16)}.${index % PORTS_PER_SLOT}`,
    multifunction: true,
  }));
}
