/** Destinations of `net.connect`, as rules write them and as connections have them. */
import { BlockList, isIP } from "node:net";
import { DOMAIN_NAME } from "#shared/model/domain-name.ts";
import { VM_NAME_PATTERN } from "#shared/model/vm.ts";
import type { Destination, Transport } from "./crossing.ts";

/** `port` null: all ports; `protocol` null: both, and there is none without a port. */
export interface PortPattern {
  readonly port: number | null;
  readonly protocol: Transport | null;
}

/** Of a rule, and of a connection as rules see it. */
export const ALL_PORTS: PortPattern = { port: null, protocol: null };

/** Whether `other` has all of `one` in it. */
export function isWithinPorts(one: PortPattern, other: PortPattern): boolean {
  if (other.port === null) return true;
  return other.port === one.port && (other.protocol === null || other.protocol === one.protocol);
}

/** What both mean; null: nothing. */
export function portsInBoth(one: PortPattern, other: PortPattern): PortPattern | null {
  if (isWithinPorts(one, other)) return one;
  return isWithinPorts(other, one) ? other : null;
}

/** `host` with the port as rules write it. */
export function withPorts(host: string, { port, protocol }: PortPattern): string {
  if (port === null) return host;
  const place = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return protocol === null ? place : `${place}/${protocol}`;
}

/** What a rule says of a destination. */
export type DestinationPattern = PortPattern &
  (
    | { readonly kind: "name"; readonly name: string }
    /** Every name below `suffix`, which begins with a dot; not the name itself. */
    | { readonly kind: "names-below"; readonly suffix: string }
    /** `first`: the first of them. */
    | { readonly kind: "addresses"; readonly first: string; readonly network: Network }
  );

interface Network {
  /** ADDRESS/PREFIX, as it was written. */
  readonly cidr: string;
  readonly family: "ipv4" | "ipv6";
  readonly list: BlockList;
}

/**
 * Networks for measurements (RFC 2544, RFC 5180): no server of the internet has such an address, so test internets are made of them,
 * and they count as internet, but for those that this machine is in.
 */
const TEST_INTERNETS: readonly Network[] = ["198.18.0.0/15", "2001:2::/48"].map(network);

/**
 * Addresses that are not on the internet: private, local, reserved (RFC 6890), and those that carry IPv4 within. NAT64's are
 * among them: behind them may be any private IPv4 address.
 */
const NOT_PUBLIC: readonly Network[] = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "::1/128",
  "::ffff:0:0/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
].map(network);

/**
 * Whether an address is a public one. A name counts as one: where it leads is looked at when its address is known.
 *
 * @param isNear whether an address is this machine's own, or of a network that it is in
 */
export function isInternet({ address }: Destination, isNear: (address: string) => boolean): boolean {
  if (address === null) return true;
  return !isNear(address) && (isOfTestInternet(address) || !NOT_PUBLIC.some((reserved) => contains(reserved, address)));
}

/** An address of a network for measurements. */
export function isOfTestInternet(address: string): boolean {
  return TEST_INTERNETS.some((test) => contains(test, address));
}

/** As agents/netfilter/src/address.rs has them; main/networks/addresses.ts makes addresses of these. */
const LINKS: readonly Network[] = ["10.137.0.0/16", "fd00:137::/32"].map(network);

/** An address of a link of some VM: of another VM, or of a gateway. */
export function isOfLinks(address: string): boolean {
  return LINKS.some((links) => contains(links, address));
}

/** @param cidrs sound ones. What is made tells whether an address is in one of them. */
export function addressesIn(cidrs: readonly string[]): (address: string) => boolean {
  const networks = cidrs.map(network);
  return (address) => networks.some((one) => contains(one, address));
}

/** `@internet`, with an optional `:PORT` or `:PORT/PROTOCOL`. null: it is not. */
export function parseInternetPattern(text: string): PortPattern | null {
  const parts = text.startsWith("@internet") ? splitPort(text) : null;
  return parts?.host === "@internet" ? { port: parts.port, protocol: parts.protocol } : null;
}

const VM_PLACE = "@vm:";

/** `@vm:NAME`, with an optional `:PORT` or `:PORT/PROTOCOL`. null: it is not. */
export function parseVmPlace(text: string): (PortPattern & { name: string }) | null {
  const parts = text.startsWith(VM_PLACE) ? splitPort(text.slice(VM_PLACE.length)) : null;
  if (parts === null || !VM_NAME_PATTERN.test(parts.host)) return null;
  return { name: parts.host, port: parts.port, protocol: parts.protocol };
}

/** As agents/netfilter/src/resolver/known.rs has it. */
const VM_NAMES = /^(?:(.*)\.)?vm\.internal\.?$/i;

/** Of `NAME.vm.internal`, by which the firewall says where a VM is: its name, or "" of what is none. null: it is no name there. */
export function vmOfName(name: string): string | null {
  const match = VM_NAMES.exec(name);
  if (match === null) return null;
  const vm = (match[1] ?? "").toLowerCase();
  return VM_NAME_PATTERN.test(vm) ? vm : "";
}

/** As a rule writes it. */
export function vmPlaceWord(vm: string, ports: PortPattern): string {
  return `${VM_PLACE}${withPorts(vm, ports)}`;
}

/** `NAME`, `*.NAME`, an address or CIDR, each with an optional `:PORT` or `:PORT/PROTOCOL`. null: it is none of these. */
export function parseDestinationPattern(text: string): DestinationPattern | null {
  const parts = splitPort(text);
  if (parts === null) return null;
  const { host, ...place } = parts;
  if (isIP(host) !== 0 || host.includes("/")) {
    const parsed = parseNetwork(host);
    const [first = ""] = host.split("/");
    return parsed === null ? null : { kind: "addresses", first, network: parsed, ...place };
  }
  if (host.startsWith("*.")) {
    const below = host.slice(2);
    return DOMAIN_NAME.test(below) ? { kind: "names-below", suffix: `.${canonical(below)}`, ...place } : null;
  }
  return DOMAIN_NAME.test(host) ? { kind: "name", name: canonical(host), ...place } : null;
}

/** `NAME[:PORT[/PROTOCOL]]` or an address. null: it is neither. */
export function parseDestination(text: string): Destination | null {
  const parts = splitPort(text);
  if (parts === null) return null;
  const { host, ...place } = parts;
  if (isIP(host) !== 0) return { kind: "destination", name: null, address: host, ...place };
  return DOMAIN_NAME.test(host) ? { kind: "destination", name: canonical(host), address: null, ...place } : null;
}

/**
 * A name of a rule is compared with names, an address with addresses: what a name resolves to is for whoever resolves it.
 */
export function matchesDestination(pattern: DestinationPattern, destination: Destination): boolean {
  const { name, address } = destination;
  if (!matchesPort(pattern, destination)) return false;
  if (pattern.kind === "addresses") return address !== null && contains(pattern.network, address);
  if (name === null) return false;
  const asked = canonical(name);
  return pattern.kind === "name" ? asked === pattern.name : asked.endsWith(pattern.suffix);
}

/** Whether the pattern means this address, whatever its name. */
export function containsAddress(pattern: DestinationPattern, address: string): boolean {
  return pattern.kind === "addresses" && contains(pattern.network, address);
}

export function matchesPort(pattern: PortPattern, { port, protocol }: Pick<Destination, "port" | "protocol">): boolean {
  if (pattern.port === null) return true;
  return pattern.port === port && (pattern.protocol === null || pattern.protocol === (protocol ?? "tcp"));
}

/** A port is written after an IPv6 address only where that stands in brackets. */
function splitPort(text: string): (PortPattern & { host: string }) | null {
  const [address = ""] = text.split("/");
  if (isIP(address) === 6) return { host: text, port: null, protocol: null };
  const match = /^(?:\[([^[\]]+)\]|([^[\]:]+))(?::(\d{1,5})(?:\/(tcp|udp))?)?$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain = "", portText, protocol = null] = match;
  const port = portText === undefined ? null : Number(portText);
  if (port !== null && (port < 1 || port > 65_535)) return null;
  return { host: bracketed ?? plain, port, protocol: protocol as Transport | null };
}

function parseNetwork(text: string): Network | null {
  const [address = "", prefixText, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return null;
  const longest = version === 4 ? 32 : 128;
  const prefix = prefixText === undefined ? longest : /^\d{1,3}$/.test(prefixText) ? Number(prefixText) : -1;
  return prefix < 0 || prefix > longest ? null : network(`${address}/${prefix}`);
}

/** @param text a sound CIDR */
function network(text: string): Network {
  const [address = "", prefix] = text.split("/");
  const family = familyOf(address);
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), family);
  return { cidr: text, family, list };
}

/** Node's own check takes an IPv4 address for the IPv6 address that it is mapped to. */
function contains({ family, list }: Network, address: string): boolean {
  return familyOf(address) === family && list.check(address, family);
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
