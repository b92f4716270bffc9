/**
 * What speaks for a VM on the internet: passt, with the host's own addresses. The relay before it lets only through what is
 * meant for the internet.
 */
import type { UplinkEnds } from "./relay.ts";

const PASST = "passt";
/** passt runs as no root: it would become this user itself, and then not make its sandbox. */
const ORDINARY_USER = "nobody";
const ORDINARY_GROUP = "nogroup";

/** @see passt(1) */
export function passtCommand({ guest, gateway }: UplinkEnds, isRoot = process.getuid?.() === 0): string[] {
  return [
    ...(isRoot
      ? ["setpriv", "--reuid", ORDINARY_USER, "--regid", ORDINARY_GROUP, "--clear-groups", "--no-new-privs", "--"]
      : []),
    ...[PASST, "--foreground", "--quiet"],
    // The gateway's address is not the host, and nothing comes in.
    ...["--no-map-gw", "--tcp-ports", "none", "--udp-ports", "none"],
    ...["--address", guest.ipv4, "--netmask", "30", "--gateway", gateway.ipv4],
    ...["--address", guest.ipv6, "--gateway", gateway.ipv6],
    // Addresses are static.
    ...["--no-dhcp", "--no-dhcpv6", "--no-ra"],
    // What is asked at the gateway is asked at the host's resolver.
    ...["--dns-forward", gateway.ipv4],
  ];
}
