/**
 * A VM's way to the internet: passt, which makes the VM's connections its own, from the host's addresses. The relay between the
 * two drops whatever is not for the internet.
 */
import fs from "node:fs";
import os from "node:os";
import type { UplinkEnds } from "./relay.ts";

const PASST = "passt";
/** passt runs as no root: it would become this user itself, and then not make its sandbox. */
const ORDINARY_USER = "nobody";
const ORDINARY_GROUP = "nogroup";

/** By which of this computer's interfaces an uplink goes. */
export interface UplinkChoice {
  /** Options of passt; none: by that of the default route, whichever it is. */
  readonly options: readonly string[];
  /** Why there is no uplink; null: there can be. */
  readonly problem: string | null;
}

export const DEFAULT_UPLINK: UplinkChoice = { options: [], problem: null };

/** An interface that is up, with the families of its addresses. */
export interface HostInterface {
  readonly name: string;
  readonly hasIpv4: boolean;
  readonly hasIpv6: boolean;
}

/** @param name as a person has written it; "": none is chosen. One that is not there is never replaced by another one. */
export function chosenUplink(name: string, interfaces: readonly HostInterface[] = hostInterfaces()): UplinkChoice {
  if (name.trim() === "") return DEFAULT_UPLINK;
  const found = interfaces.find((one) => one.name === name.trim());
  if (found === undefined) {
    const names = interfaces.map((one) => one.name).join(", ");
    const known = names === "" ? "no interface is up" : `up are ${names}`;
    return {
      options: [],
      problem: `its setting "uplink" names an interface of this computer that is not up (${known})`,
    };
  }
  // Of a family that it has not got, passt would take the default route's.
  const options = [
    ...(found.hasIpv4 ? ["--outbound-if4", found.name] : ["--ipv6-only"]),
    ...(found.hasIpv6 ? ["--outbound-if6", found.name] : ["--ipv4-only"]),
  ];
  return { options, problem: null };
}

/** Without the loopback. */
function hostInterfaces(): HostInterface[] {
  const all = Object.entries(os.networkInterfaces());
  return all.flatMap(([name, addresses = []]): HostInterface[] => {
    const families = addresses.flatMap(({ internal, family }) => (internal ? [] : [family]));
    const [hasIpv4, hasIpv6] = [families.includes("IPv4"), families.includes("IPv6")];
    return hasIpv4 || hasIpv6 ? [{ name, hasIpv4, hasIpv6 }] : [];
  });
}

/**
 * Where the chosen resolvers are asked. passt says of every answer of this computer's own resolver that it is the gateway's, also
 * where that was asked at its own address, so that it is asked at the gateway.
 * @param resolvConf of this computer
 */
export function resolversByUplink(
  chosen: readonly string[],
  gateway: string,
  resolvConf: string = readResolvConf(),
): string[] {
  const [, own] = /^[ \t]*nameserver[ \t]+([\d.]+)(?=\s|$)/mu.exec(resolvConf) ?? [];
  return chosen.map((resolver) => (resolver === own ? gateway : resolver));
}

function readResolvConf(): string {
  try {
    return fs.readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}

/** @param more of an UplinkChoice. @see passt(1) */
export function passtCommand(
  { guest, gateway }: UplinkEnds,
  more: readonly string[] = [],
  isRoot = process.getuid?.() === 0,
): string[] {
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
    ...more,
  ];
}
