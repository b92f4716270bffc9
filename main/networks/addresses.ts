/**
 * Addresses of links, by their number. Static on both ends, so that nobody is asked for them in a network. They are not
 * routed anywhere: behind the firewall, and behind passt, the host's own are used.
 */
import type { LinkEnd } from "#shared/model/firewall.ts";
import type { GuestNetwork, NicSpec } from "../hardware/driver.ts";

/** Number of a link: each VM keeps its own. */
export const LINK_INDICES = { min: 1, max: 4_000 } as const;

/** Of a VM, the one that it has from its start. */
export const OWN_NIC = "nic";
/** Of a firewall VM, to the internet. */
export const UPLINK_NIC = "uplink";
const IPV4_PREFIX = 30;
const IPV6_PREFIX = 64;

/** As the firewall's program, its flows and its problems name it. */
export function linkId(index: number): string {
  return `link-${index}`;
}

/** The interface of the VM itself. */
export function ownNic(index: number): NicSpec {
  return { id: OWN_NIC, mac: mac("a7", index) };
}

/** Its twin in the firewall VM. */
export function twinNic(index: number): NicSpec {
  return { id: `l${index}`, mac: mac("b7", index) };
}

/** Whether an interface is the twin of some VM's. */
export function isTwin(id: string): boolean {
  return /^l\d+$/.test(id);
}

/** The interface to the internet of the firewall VM that has this index. */
export function uplinkNic(index: number): NicSpec {
  return { id: UPLINK_NIC, mac: mac("c7", index) };
}

/** The VM's end. */
export function guestEnd(index: number): Omit<LinkEnd, "mac"> {
  return { ipv4: ipv4(index, 2), ipv6: `${ipv6Network(index)}::2` };
}

/** The other end: gateway and resolver. */
export function gatewayEnd(index: number): Omit<LinkEnd, "mac"> {
  return { ipv4: ipv4(index, 1), ipv6: `${ipv6Network(index)}::1` };
}

/** What the VM is told at its start. */
export function guestNetwork(index: number): GuestNetwork {
  const [guest, gateway] = [guestEnd(index), gatewayEnd(index)];
  return {
    nic: ownNic(index),
    ipv4: { address: guest.ipv4, prefix: IPV4_PREFIX, gateway: gateway.ipv4 },
    ipv6: { address: guest.ipv6, prefix: IPV6_PREFIX, gateway: gateway.ipv6 },
  };
}

/** @param host within the network of four addresses */
function ipv4(index: number, host: number): string {
  return `10.137.${index >> 6}.${(index & 63) * 4 + host}`;
}

function ipv6Network(index: number): string {
  return `fd00:137:${index.toString(16)}`;
}

/** Locally administered, of the range that virtual machines use. */
function mac(kind: string, index: number): string {
  const byte = (value: number): string => value.toString(16).padStart(2, "0");
  return `52:54:00:${kind}:${byte(index >> 8)}:${byte(index & 0xff)}`;
}
