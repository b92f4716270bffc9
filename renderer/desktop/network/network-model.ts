/** Who talks to what, as rows of the view: connections to one name by one rule are one row, grouped by VM. Pure. */
import { DOMAIN_NAME } from "#shared/model/domain-name.ts";
import type { FlowProtocol, FlowRule, LinkTraffic, PastFlow, ShownFlow } from "#shared/model/network.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";

/** Connections of one VM to one name (or address) and port, decided by one rule. */
export interface FlowRow {
  key: string;
  name: string | null;
  /** Of the newest; null: look-ups alone. */
  address: string | null;
  /** The VM whose address it is; null: no VM's. */
  toVm: string | null;
  port: number | null;
  protocol: FlowProtocol;
  /** Connections, refused ones counted each. */
  count: number;
  bytesIn: number;
  bytesOut: number;
  rate: number;
  verdict: PolicyDecision;
  rule: FlowRule;
  reason: string;
  /** One of them has not ended. */
  isOpen: boolean;
}

export interface FlowGroup {
  vm: VmStatus;
  /** Most bytes first; after that what waits or was refused, the newest first. */
  rows: FlowRow[];
  flows: number;
  names: number;
  traffic: LinkTraffic | null;
}

/** What the search wants: words that each have to be somewhere in a row, and verdicts. */
export interface FlowFilter {
  words: readonly string[];
  vm: string | null;
  verdict: PolicyDecision | null;
  /** Words that mean nothing here. */
  unknown: readonly string[];
}

/** A rule with such a name is one for an address. */
const IPV4 = /^[\d.]+$/;

const VERDICTS: Readonly<Record<string, PolicyDecision>> = {
  ...{ allow: "allow", allowed: "allow", deny: "deny", denied: "deny", ask: "ask", waits: "ask" },
};

/** `vm:web verdict:denied telemetry` */
export function readFlowFilter(text: string): FlowFilter {
  const words: string[] = [];
  const unknown: string[] = [];
  let vm: string | null = null;
  let verdict: PolicyDecision | null = null;
  for (const word of text
    .toLowerCase()
    .split(/\s+/u)
    .filter((one) => one !== "")) {
    const [, name = "", value = ""] = /^(vm|verdict):(.*)$/u.exec(word) ?? [];
    if (name === "") words.push(word);
    else if (name === "vm") vm = value === "" ? vm : value;
    else if (value in VERDICTS) verdict = VERDICTS[value] ?? null;
    // While it is being typed it means nothing yet.
    else if (value !== "") unknown.push(word);
  }
  return { words, vm, verdict, unknown };
}

export function isMeant(flow: ShownFlow, { words, vm, verdict }: FlowFilter): boolean {
  if (verdict !== null && flow.verdict !== verdict) return false;
  if (vm !== null && !flow.vm.includes(vm)) return false;
  if (words.length === 0) return true;
  const { name, address, toVm, port, rule, reason } = flow;
  const text =
    `${flow.vm} ${name ?? ""} ${address ?? ""} ${toVm ?? ""} ${port ?? ""} ${rule.text} ${reason}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Of VMs that have a network, or have had a flow; those without one last. */
export function groupsOf(
  vms: readonly VmStatus[],
  flows: Iterable<ShownFlow>,
  traffic: readonly LinkTraffic[],
  filter: FlowFilter,
): FlowGroup[] {
  const byVm = new Map<VmId, ShownFlow[]>();
  for (const flow of flows) {
    if (!isMeant(flow, filter)) continue;
    const list = byVm.get(flow.vmId);
    if (list === undefined) byVm.set(flow.vmId, [flow]);
    else list.push(flow);
  }
  const isFiltered = filter.words.length > 0 || filter.vm !== null || filter.verdict !== null;
  return vms
    .filter(({ id, role }) => byVm.has(id) || (role !== "service" && !isFiltered))
    .map((vm): FlowGroup => {
      const own = byVm.get(vm.id) ?? [];
      const rows = rowsOf(own);
      return {
        vm,
        rows,
        flows: own.length,
        names: new Set(own.map(({ name, address }) => name ?? address)).size,
        traffic: traffic.find(({ vmId }) => vmId === vm.id) ?? null,
      };
    })
    .sort((a, b) => place(a) - place(b) || (a.vm.name < b.vm.name ? -1 : 1));
}

function place({ vm, rows }: FlowGroup): number {
  if (rows.length > 0) return 0;
  return vm.network === "none" || vm.network === null ? 2 : 1;
}

function rowsOf(flows: readonly ShownFlow[]): FlowRow[] {
  const rows = new Map<string, FlowRow>();
  /** When the last one of a row ended, milliseconds since 1970; what has not ended is newer than all that has. */
  const lastMs = new Map<string, number>();
  for (const flow of flows) {
    const { name, address, toVm, port, protocol, verdict, rule, reason, bytesIn, bytesOut, count } = flow;
    const key = [flow.vmId, name ?? address, toVm, port, protocol, verdict, rule.id, rule.revision, reason].join(" ");
    const row = rows.get(key);
    const rate = flow.rateIn + flow.rateOut;
    const isOpen = flow.endedMs === null;
    lastMs.set(key, Math.max(lastMs.get(key) ?? 0, flow.endedMs ?? Number.MAX_SAFE_INTEGER));
    if (row === undefined)
      rows.set(key, {
        key,
        name,
        address,
        toVm,
        port,
        protocol,
        count,
        bytesIn,
        bytesOut,
        rate,
        verdict,
        rule,
        reason,
        isOpen,
      });
    else {
      row.address = address ?? row.address;
      row.count += count;
      row.bytesIn += bytesIn;
      row.bytesOut += bytesOut;
      row.rate += rate;
      row.isOpen ||= isOpen;
    }
  }
  const all = [...rows.values()];
  const bytes = ({ bytesIn, bytesOut }: FlowRow): number => bytesIn + bytesOut;
  const ended = (row: FlowRow): number => lastMs.get(row.key) ?? 0;
  return [
    ...all.filter(({ verdict }) => verdict === "allow").sort((a, b) => bytes(b) - bytes(a)),
    ...all
      .filter(({ verdict }) => verdict !== "allow")
      .toReversed()
      .sort((a, b) => ended(b) - ended(a)),
  ];
}

/** Allowed rows of a group that are shown before the person asks for more. */
const SHOWN_ROWS = 8;

/** What was refused is never folded away, nor how much is not listed at all. */
export function shownRows(
  rows: readonly FlowRow[],
  isUnfolded: boolean,
): { shown: readonly FlowRow[]; folded: number } {
  const isFoldable = ({ verdict, name, address }: FlowRow): boolean =>
    verdict === "allow" && (name ?? address) !== null;
  const allowed = rows.filter(isFoldable);
  if (isUnfolded || allowed.length <= SHOWN_ROWS + 1) return { shown: rows, folded: 0 };
  const others = rows.filter((row) => !isFoldable(row));
  return { shown: [...allowed.slice(0, SHOWN_ROWS), ...others], folded: allowed.length - SHOWN_ROWS };
}

/** As the policy has it: NAME[:PORT], ADDRESS[:PORT], "@vm:NAME[:PORT]"; of UDP with its protocol. */
export function destinationWord({ name, address, toVm = null, port, protocol }: Destination): string {
  const word = withPort(toVm === null ? (name ?? address ?? "") : vmWord(toVm), port);
  return port !== null && protocol === "udp" ? `${word}/udp` : word;
}

type Destination = Pick<FlowRow, "name" | "address" | "port"> & Partial<Pick<FlowRow, "toVm" | "protocol">>;

const VM_WORD = "@vm:";

function vmWord(vm: string): string {
  return `${VM_WORD}${vm}`;
}

/** Whom it is about: another VM, as people see it, or what the VM has asked for. */
export function otherWords({ name, address, toVm }: Pick<FlowRow, "name" | "address" | "toVm">): string {
  return toVm === null ? (name ?? address ?? "") : `VM ${toVm}`;
}

/** What a person should know who lets this pass: it hides names from the firewall. null: it does not. */
export function hidingWords({ rule }: Pick<FlowRow, "rule">): string | null {
  switch (rule.id) {
    case "builtin:quic":
      return "QUIC hides names: the firewall knows the address alone, and what else is there is reached, too.";
    case "builtin:encrypted-dns":
      return "Names that are looked up there pass by the firewall: it does not know them.";
    default:
      return null;
  }
}

export function withPort(host: string, port: number | null): string {
  if (port === null) return host;
  return host.includes(":") && !host.startsWith(VM_WORD) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * What a rule that is made of this row can be for: the VM, or the name, and all below its parents. Of what a VM has looked up and is no
 * name of DNS nothing: it may be another word of a rule, such as "@internet".
 * @param domain the registrable one
 */
export function targetsOf(
  { name, address, toVm }: Pick<FlowRow, "name" | "address" | "toVm">,
  domain: string | null,
): string[] {
  if (toVm !== null) return [vmWord(toVm)];
  if (name === null) return address === null ? [] : [address];
  if (!DOMAIN_NAME.test(name) || IPV4.test(name)) return [];
  if (domain === null || name === domain) return domain === null ? [name] : [name, `*.${name}`];
  const parent = name.slice(name.indexOf(".") + 1);
  return [name, ...new Set([`*.${parent}`, `*.${domain}`])];
}

/** Rows of the history: flows that have ended, as the view has flows. */
export function asShown(flow: PastFlow, vms: readonly VmStatus[], at: number): ShownFlow {
  const vmId = vms.find(({ name }) => name === flow.vm)?.id ?? (flow.vm as VmId);
  return { ...flow, key: `past ${at}`, vmId, state: "closed", rateIn: 0, rateOut: 0 };
}
