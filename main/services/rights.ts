/**
 * What a service may do, in words: what its manifest asks, and what its VM has in fact. The second is looked up where it would
 * show (devices, links, what it is told), not taken from the manifest. Pure.
 */
import type { ServiceRight, ServiceRights } from "#shared/model/service.ts";
import { HOST_RIGHTS } from "#shared/model/service.ts";
import type { VmRole } from "#shared/model/vm.ts";

/** What there is of a service VM that runs. */
export interface ActualRights {
  /** It has an interface to the internet. */
  uplink: boolean;
  /** Its own network is behind the firewall. */
  firewall: boolean;
  /** Roles of VMs whose network goes by it now. */
  serves: readonly string[];
  /** What it has been told of others. */
  host: readonly (typeof HOST_RIGHTS)[number][];
}

const HOST_WORDS = {
  "network-rules": "Is told which connections each of these VMs may make",
  "scanned-files": "Gets a copy of files that are to be scanned, of any VM and of this computer",
  signatures: "Gets signatures, from you and from a service that fetches them, each time in a new VM",
  "gives-signatures": "Gives scanners the signatures that it has fetched",
  documents: "Gets a copy of each document of which you want a safe copy, each time in a new VM",
} as const satisfies Record<(typeof HOST_RIGHTS)[number], string>;

const ROLE_WORDS: Readonly<Record<string, string>> = {
  app: "app VMs",
  work: "work VMs",
  vault: "vaults",
  disposable: "disposables",
};

export function servesWords(roles: readonly VmRole[]): string {
  return `Sees the traffic of ${roles.map((role) => ROLE_WORDS[role] ?? role).join(", ")} whose network goes by it`;
}

/** @param actual null: its VM does not run */
export function rightsOf(asked: ServiceRights, actual: ActualRights | null): ServiceRight[] {
  return [
    {
      id: "serves",
      words: asked.serves.length === 0 ? "Sees the traffic of other VMs" : servesWords(asked.serves),
      asked: asked.serves.length > 0,
      has: actual === null ? null : actual.serves.length > 0,
    },
    {
      id: "uplink",
      words: "Reaches the internet",
      asked: asked.uplink,
      has: actual === null ? null : actual.uplink,
    },
    {
      id: "firewall",
      words: "Reaches, through the firewall, what the policy lets its VM reach",
      asked: asked.firewall,
      has: actual === null ? null : actual.firewall,
    },
    ...HOST_RIGHTS.map((right) => ({
      id: right,
      words: HOST_WORDS[right],
      asked: asked.host.includes(right),
      has: actual === null ? null : actual.host.includes(right),
    })),
  ];
}

/** What a version asks, and in words what the one that is installed does not; `installed` null: there is none. */
export function rightsIn(asked: ServiceRights, installed: ServiceRights | null): SheetRights {
  const rights = rightsOf(asked, null);
  if (installed === null) return { rights, added: [] };
  const had = new Set(rightsOf(installed, null).flatMap((right) => (right.asked ? [right.words] : [])));
  return { rights, added: rights.flatMap((right) => (right.asked && !had.has(right.words) ? [right.words] : [])) };
}

interface SheetRights {
  rights: ServiceRight[];
  added: string[];
}

/** What it has and has not asked for: there must be none. */
export function excessOf(asked: ServiceRights, actual: ActualRights): string[] {
  const roles = actual.serves.filter((role) => !(asked.serves as readonly string[]).includes(role));
  return [
    ...roles.map((role) => `serves:${role}`),
    ...(actual.uplink && !asked.uplink ? ["uplink"] : []),
    ...(actual.firewall && !asked.firewall ? ["firewall"] : []),
    ...actual.host.filter((right) => !asked.host.includes(right)),
  ];
}
