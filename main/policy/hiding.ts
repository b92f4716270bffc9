/**
 * What hides from the firewall whom a VM talks to: look-ups that pass by its resolver, and QUIC, whose first flight it cannot
 * read. A general rule does not mean these; one that names the port (of QUIC: with its protocol) or the resolver does. Pure.
 * As the firewall's program has it (agents/netfilter/src/decide.rs).
 */
import type { Destination, Transport } from "./crossing.ts";
import type { Rule } from "./rules.ts";

/** Why a connection is denied that a general rule would allow. */
export type Hiding = "encrypted-dns" | "quic";

const PORTS: Readonly<Record<Transport, Readonly<Record<number, Hiding>>>> = {
  tcp: { 53: "encrypted-dns", 853: "encrypted-dns", 8853: "encrypted-dns" },
  udp: { 53: "encrypted-dns", 443: "quic", 784: "encrypted-dns", 853: "encrypted-dns", 8853: "encrypted-dns" },
};

/** Names of resolvers that browsers and systems ask by HTTPS: as agents/netfilter/src/resolver/known.rs has them. */
export const RESOLVERS: readonly string[] = [
  "adguard-dns.com",
  "canadianshield.cira.ca",
  "chrome.cloudflare-dns.com",
  "cleanbrowsing.org",
  "cloudflare-dns.com",
  "controld.com",
  "dns.adguard.com",
  "dns.alidns.com",
  "dns.google",
  "dns.google.com",
  "dns.mullvad.net",
  "dns.nextdns.io",
  "dns.quad9.net",
  "dns.sb",
  "dns0.eu",
  "dns9.quad9.net",
  "dns10.quad9.net",
  "dns11.quad9.net",
  "doh.cleanbrowsing.org",
  "doh.dns.apple.com",
  "doh.dns.sb",
  "doh.familyshield.opendns.com",
  "doh.opendns.com",
  "doh.pub",
  "doh.sandbox.opendns.com",
  "doh.umbrella.com",
  "doh.xfinity.com",
  "firefox.dns.nextdns.io",
  "mask-api.icloud.com",
  "mask.icloud.com",
  "mozilla.cloudflare-dns.com",
  "one.one.one.one",
  "security.cloudflare-dns.com",
];

/** null: nothing is hidden there. */
export function hidingOf(destination: Destination): Hiding | null {
  const { name } = destination;
  return hidingAt(destination) ?? (name !== null && isResolver(name) ? "encrypted-dns" : null);
}

/** Whether a rule that matches the destination counts for it. A deny always does. */
export function countsFor({ decision, to: pattern }: Pick<Rule, "decision" | "to">, destination: Destination): boolean {
  if (decision === "deny") return true;
  const { name } = destination;
  const ofPort = hidingAt(destination);
  const place = pattern.kind === "destination" ? pattern.destination : pattern.kind === "internet" ? pattern : null;
  if (ofPort !== null && (place === null || place.port === null)) return false;
  if (ofPort === "quic" && place?.protocol === null) return false;
  if (name === null || !isResolver(name)) return true;
  if (place === null || place.kind === "internet") return false;
  return place.kind !== "names-below" || isResolver(place.suffix.slice(1));
}

/** null: the port hides nothing. */
function hidingAt({ port, protocol }: Destination): Hiding | null {
  return port === null ? null : (PORTS[protocol ?? "tcp"][port] ?? null);
}

/** The name itself, or one below it. */
function isResolver(name: string): boolean {
  const asked = name.toLowerCase().replace(/\.$/, "");
  return RESOLVERS.some((own) => asked === own || asked.endsWith(`.${own}`));
}
