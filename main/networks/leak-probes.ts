/** Ways out of a VM that a firewall closes: what is tried of each, and what it means that it was reached. Pure. */
import { isIP } from "node:net";
import type { LeakFinding } from "#shared/model/network.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { vmPlaceWord } from "../policy/destination.ts";

/** What is tried on the internet; where a test internet is, there. */
export interface LeakTargets {
  /** A server by its address alone, of each family. */
  readonly ipv4: string;
  readonly ipv6: string;
  /** A resolver that is not the VM's own. */
  readonly resolver: string;
  /** A name that there is. */
  readonly name: string;
  /** A name whose answer is a private address. */
  readonly privateName: string;
}

const TARGETS: LeakTargets = {
  ipv4: "1.1.1.1",
  ipv6: "2606:4700:4700::1111",
  resolver: "9.9.9.9",
  name: "example.org",
  privateName: "10.0.0.1.nip.io",
};

/** Those that a person has named, and else what is known everywhere. */
export function targetsWith(named: { readonly [Key in keyof LeakTargets]?: string | undefined }): LeakTargets {
  const { ipv4, ipv6, resolver, name, privateName } = named;
  return {
    ipv4: ipv4 ?? TARGETS.ipv4,
    ipv6: ipv6 ?? TARGETS.ipv6,
    resolver: resolver ?? TARGETS.resolver,
    name: name ?? TARGETS.name,
    privateName: privateName ?? TARGETS.privateName,
  };
}

export interface LeakProbe {
  readonly id: string;
  /** As leaks.pl knows it. */
  readonly kind: "tcp" | "dns" | "quic" | "name";
  readonly to: string;
  readonly port: number;
  readonly title: string;
  /**
   * policy: reached is a leak unless the policy allows the destination; always: it is one whatever the policy says; private: it
   * is one where the answer is not on the internet.
   */
  readonly leaksBy: "policy" | "always" | "private";
  /** As a rule names what is tried, where that is not what is tried. */
  readonly word?: string;
}

/** Of what is never reached, whatever the policy says, but for other VMs: rules may open a way to these. */
export interface Surroundings {
  /** This machine's own addresses. */
  readonly host: readonly string[];
  /** Of the VM's link: where the resolver is, and nothing else. */
  readonly gateway: readonly string[];
  /** Of other VMs, by their names. */
  readonly others: readonly { readonly vm: string; readonly address: string }[];
  /** On which this machine listens while the VM tries; null: it could not. */
  readonly hostPort: number | null;
}

/** Of the host and of other VMs. */
const MAX_ADDRESSES = 8;
const OPEN_PORTS = [22, 80] as const;
/** Of those some are in every house, and the last is where clouds keep the keys of their machines. */
const PRIVATE = ["10.0.0.1", "172.16.0.1", "192.168.0.1", "192.168.1.1", "169.254.169.254"] as const;

export function leakProbes(targets: LeakTargets, { host, gateway, others, hostPort }: Surroundings): LeakProbe[] {
  const { ipv4, ipv6, resolver, name, privateName } = targets;
  const hostPorts = hostPort === null ? OPEN_PORTS : [hostPort];
  const probes: Omit<LeakProbe, "id">[] = [
    { kind: "tcp", to: ipv4, port: 443, title: "An address without a name", leaksBy: "policy" },
    { kind: "tcp", to: ipv6, port: 443, title: "An address of IPv6 without a name", leaksBy: "policy" },
    { kind: "name", to: name, port: 0, title: "The look-up of a name", leaksBy: "policy" },
    { kind: "name", to: "dns.google", port: 0, title: "The name of a resolver by HTTPS", leaksBy: "policy" },
    { kind: "name", to: privateName, port: 0, title: "A name whose answer is a private address", leaksBy: "private" },
    { kind: "dns", to: resolver, port: 53, title: "A look-up at a foreign resolver", leaksBy: "policy" },
    { kind: "tcp", to: resolver, port: 53, title: "A look-up at a foreign resolver by TCP", leaksBy: "policy" },
    { kind: "tcp", to: resolver, port: 853, title: "A look-up at a foreign resolver by TLS", leaksBy: "policy" },
    { kind: "quic", to: ipv4, port: 443, title: "QUIC, whose names cannot be read", leaksBy: "policy" },
    ...PRIVATE.map((to) => ({ ...privateProbe(to), title: "A private address" })),
    ...host.slice(0, MAX_ADDRESSES).flatMap((to) => hostPorts.map((port) => always(to, port, "This computer"))),
    ...gateway.flatMap((to) => hostPorts.map((port) => always(to, port, "This computer, by way of the gateway"))),
    ...others
      .slice(0, MAX_ADDRESSES)
      .flatMap(({ vm, address }) => OPEN_PORTS.map((port) => vmProbe(vm, address, port))),
  ];
  return probes.map((probe, at) => ({ id: `p${at}`, ...probe }));
}

function privateProbe(to: string) {
  return { kind: "tcp", to, port: 80, leaksBy: "policy" } as const;
}

function vmProbe(vm: string, to: string, port: number): Omit<LeakProbe, "id"> {
  const word = vmPlaceWord(vm, { port, protocol: null });
  return { kind: "tcp", to, port, title: `The VM ${vm}`, leaksBy: "policy", word };
}

function always(to: string, port: number, title: string): Omit<LeakProbe, "id"> {
  return { kind: "tcp", to, port, title, leaksBy: "always" };
}

/** Arguments of leaks.pl. */
export function probeWords(probes: readonly LeakProbe[]): string[] {
  return probes.flatMap(({ id, kind, to, port }) => [id, kind, to, String(port)]);
}

export interface ProbeResult {
  readonly isReached: boolean;
  /** Of a name: its addresses. */
  readonly addresses: readonly string[];
}

const LINE = /^(p\d{1,3}) (tried|reached|refused)(?: ([0-9a-fA-F:.,]{1,400}))?$/;

/** By the id of the probe: the first that the guest says came of each, once it was tried; what is no such word is passed over. */
export function readResults(untrustedText: string): Map<string, ProbeResult> {
  const results = new Map<string, ProbeResult>();
  const over = new Set<string>();
  for (const line of untrustedText.split("\n")) {
    const [, id, word, detail = ""] = LINE.exec(line) ?? [];
    if (id === undefined || over.has(id)) continue;
    if (word !== "tried") over.add(id);
    const addresses = detail.split(",").filter((text) => isIP(text) !== 0);
    results.set(id, { isReached: word === "reached", addresses });
  }
  return results;
}

/**
 * What each probe has found.
 * @param decide what the policy says of NAME[:PORT], ADDRESS:PORT or @vm:NAME:PORT
 * @param isInternet whether an address is a public one
 * @param isFiltered false: the VM's network is the internet, where only what is never reached can leak
 */
export function findingsOf(
  probes: readonly LeakProbe[],
  results: ReadonlyMap<string, ProbeResult>,
  decide: (to: string) => PolicyDecision,
  isInternet: (address: string) => boolean,
  isFiltered: boolean,
): LeakFinding[] {
  return probes.map((probe): LeakFinding => {
    const { kind, to, port, title, leaksBy } = probe;
    const came = results.get(probe.id);
    const what = kind === "name" ? to : `${isIP(to) === 6 ? `[${to}]` : to}:${port}`;
    const found = (result: LeakFinding["result"]): LeakFinding => ({ title, to: what, result });
    if (came === undefined) return found("not-tried");
    const { isReached, addresses } = came;
    if (!isReached) return found("held");
    if (leaksBy === "private") return found(addresses.every(isInternet) ? "held" : "leak");
    const isNear = isIP(to) !== 0 && !isInternet(to);
    if (!isFiltered) return found(isNear ? "leak" : "allowed");
    if (leaksBy === "always") return found("leak");
    const isDatagrams = kind === "dns" || kind === "quic";
    return found(decide(probe.word ?? (isDatagrams ? `${what}/udp` : what)) === "allow" ? "allowed" : "leak");
  });
}
