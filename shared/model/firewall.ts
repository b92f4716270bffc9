/**
 * What the firewall's program gets and what it reports, inside of the messages of service-messages.ts: the state of
 * `desired`, the rows of the tables "flows" and "links", and its events. One program per firewall VM; links are numbered.
 */
import { z } from "zod";
import { ALERT_ACTIONS, SCANNER_STATES } from "./network.ts";

/** One end of a link: an interface of a VM. */
export interface LinkEnd {
  /** Six bytes in lower case hexadecimal, with colons. */
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** A point-to-point link of a VM with the firewall. The networks are /30 and /64. */
export interface FirewallLink {
  /** As flows and problems name it: `link-N`. */
  readonly id: string;
  /** Of the firewall's own interface, by whose MAC it is found; its addresses are the VM's gateways and resolvers. */
  readonly own: LinkEnd;
  /** Of the VM: what comes with other addresses is dropped. */
  readonly guest: LinkEnd;
  readonly rules: LinkRules;
}

/** What one VM may connect to. The first rule that matches decides; what none matches is denied by `builtin:default-deny`. */
export interface LinkRules {
  /** Of the policy. Rows name it. */
  readonly revision: number;
  readonly rules: readonly FirewallRule[];
  /** Names, addresses and the first flight have to agree: there is a rule that names names. */
  readonly checksNames: boolean;
  /** All of it is scanned: while the scanner does not work, nothing passes. */
  readonly scan: boolean;
}

export interface FirewallRule {
  /** Stays the same as long as the rule's text does. */
  readonly id: string;
  readonly decision: "allow" | "ask" | "deny";
  readonly to: FirewallTarget;
  /** null: all. Of ports that hide names only rules count that name them, of QUIC's those that name its protocol, too. */
  readonly port: number | null;
  /** Of the port; null: both. */
  readonly protocol: "tcp" | "udp" | null;
  /** Milliseconds since 1970, from which on the rule counts no more; null: no end. */
  readonly until: number | null;
  /** It lets what runs by it run on, and nothing begin. */
  readonly onlyRunning?: boolean;
}

export type FirewallTarget =
  | { readonly kind: "any" }
  /** All but private, loopback, link-local, CGNAT, multicast, reserved, NAT64 and the host's own addresses. */
  | { readonly kind: "internet" }
  /** Canonical: lower case, no dot at the end. */
  | { readonly kind: "name"; readonly name: string }
  /** All names below, not the name itself. */
  | { readonly kind: "names-below"; readonly name: string }
  /** CIDR. */
  | { readonly kind: "addresses"; readonly cidr: string }
  /** The VM of another link. `name`: its own, of small letters, digits and "-". */
  | { readonly kind: "vm"; readonly link: string; readonly name: string };

export interface FirewallState {
  readonly links: readonly FirewallLink[];
  /** The interface to the internet. null: there is none, and nothing passes. */
  readonly uplink: {
    readonly own: LinkEnd;
    /** Gateway of both families, and resolver of the host where `dns` is empty. */
    readonly gateway: { readonly ipv4: string; readonly ipv6: string };
    /** Another one each time that the way to the internet is made anew: what went by the one before is lost. */
    readonly session: string;
  } | null;
  /** Resolvers' addresses, in the order in which they are asked; empty: the uplink's gateway, which asks the host's. */
  readonly dns: readonly string[];
  /** Addresses that are no internet, beside the fixed ranges: CIDR, of the host and its local networks. */
  readonly notInternet: readonly string[];
  /** `NAME`, `*.NAME`: their answers may be addresses that are no internet. */
  readonly privateNames: readonly string[];
  /** What the traffic scanner looks for. */
  readonly scanRules: readonly ScanRuleFile[];
  /** Connections that an earlier firewall carried, and this one does not know: their VMs get a reset. At most MAX_LOST. */
  readonly lost: readonly LostConnection[];
}

/** A connection of TCP. */
export interface LostConnection {
  /** Of its VM. */
  readonly link: string;
  /** Of the VM. */
  readonly sourcePort: number;
  /** The other end. */
  readonly address: string;
  readonly port: number;
}

export const MAX_LOST = 1_000;

/** A file of Suricata's rules. Its name ends in `.rules`: letters, digits, `.`, `-` and `_`, at most 64. */
export interface ScanRuleFile {
  readonly file: string;
  readonly text: string;
}

/** Events of the program: how the scanner is, and what it has seen. */
export const SCANNER_EVENT = "scanner";
export const ALERT_EVENT = "alert";

/** Data of "scanner". `detail`: what is wrong, also with rules of a scanner that works; "". */
export const scannerData = z.strictObject({
  state: z.enum(SCANNER_STATES),
  detail: z.string().max(512),
});

/** Data of "alert". `address` and `port` are of the other end. */
export const alertData = z.strictObject({
  link: z.string().max(20),
  name: z.string().max(253).nullable(),
  address: z.string().max(45).nullable(),
  port: z.int().min(0).max(65_535).nullable(),
  direction: z.enum(["in", "out"]),
  signature: z.string().max(200),
  severity: z.int().min(0).max(255),
  action: z.enum(ALERT_ACTIONS),
});

export const FLOWS_TABLE = "flows";
export const LINKS_TABLE = "links";

/** Cells of a row of "flows": a connection, or a look-up that was refused. The key is unique in one run of the program. */
export const flowCells = z.strictObject({
  link: z.string().max(20),
  /** As the VM asked for it; null: an address without a name. */
  name: z.string().max(253).nullable(),
  /** null: a look-up. */
  address: z.string().max(45).nullable(),
  port: z.int().min(0).max(65_535).nullable(),
  /** Of the VM; null: several, or none. */
  sourcePort: z.int().min(0).max(65_535).nullable(),
  protocol: z.enum(["tcp", "udp", "icmp", "dns", "other"]),
  /** From the VM, and to it. */
  bytesOut: z.number().min(0),
  bytesIn: z.number().min(0),
  state: z.enum(["opening", "open", "closed"]),
  verdict: z.enum(["allow", "deny", "ask"]),
  /** Of a FirewallRule, or `builtin:...`. */
  rule: z.string().max(64),
  revision: z.int().min(0),
  /** Why, in words, where the rule alone does not say it; "". */
  reason: z.string().max(200),
  /** How often it happened: refused ones of one kind are one row. */
  count: z.int().min(1),
  /** Seconds, at the time of the message. */
  ageS: z.number().min(0),
});
export type FlowCells = z.infer<typeof flowCells>;

/** Cells of a row of "links"; its key is the link's id. Counted by the kernel since the link is there. */
export const linkCells = z.strictObject({
  bytesOut: z.number().min(0),
  bytesIn: z.number().min(0),
  packetsDenied: z.number().min(0),
});
export type LinkCells = z.infer<typeof linkCells>;

/** Ids of rules that no line of the policy is. */
export const BUILTIN_RULES = {
  "builtin:default-deny": "no rule allows it",
  "builtin:first-use": "this VM asks on first use",
  "builtin:private-answer":
    "the answer is an address that is not on the internet, and the setting privateAnswers does not name it",
  "builtin:not-internet": "the address is not on the internet",
  "builtin:spoofed": "its source address is not the VM's own",
  "builtin:name-mismatch": "the name in the connection was not looked up at this address",
  "builtin:no-name": "no name was looked up at this address",
  "builtin:quic": "QUIC hides the name, and no rule names its port with /udp",
  "builtin:encrypted-dns": "its look-ups would pass by the firewall, and no rule names its port or name",
  "builtin:other-vm": "no rule opens a way to another VM",
  "builtin:inbound": "nothing may connect to a VM from outside",
  "builtin:too-many": "it has too many connections at a time",
  "builtin:not-scanned": "this VM is scanned, and the traffic scanner does not work",
  "builtin:not-shown": "each is allowed by a rule, and there are too many to be listed",
} as const satisfies Record<string, string>;

/** Of these: what they refuse stays refused, whatever the policy's rules say. */
export const ABOVE_RULES: ReadonlySet<string> = new Set<keyof typeof BUILTIN_RULES>([
  "builtin:private-answer",
  "builtin:spoofed",
  "builtin:name-mismatch",
  "builtin:inbound",
  "builtin:too-many",
  "builtin:not-scanned",
]);
