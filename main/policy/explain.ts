/** A decision in words for people. Pure. */
import type { PolicyAnswer } from "#shared/model/policy.ts";
import type { Crossing, Party } from "./crossing.ts";
import type { Evaluation } from "./evaluate.ts";
import { vmPlaceWord } from "./destination.ts";
import type { PartyPattern, Rule, TargetPattern } from "./rules.ts";

const DECIDES = { allow: "allows", ask: "asks about", deny: "denies" } as const;

const HIDDEN = {
  quic: 'QUIC hides the names of its connections: a rule lets it pass that names port and protocol (":443/udp").',
  "encrypted-dns":
    "Such look-ups would pass by the firewall: a rule lets them pass that names the port, or the resolver by its name.",
} as const;

export function explain({ decision, rule, refusal }: Evaluation, crossing: Crossing): PolicyAnswer {
  const what = `${crossing.action} from ${partyWords(crossing.from)} to ${targetWords(crossing.to)}`;
  if (refusal === "other-vm") {
    const why =
      crossing.to.kind === "vm-place"
        ? `No rule of policy.yaml lets it connect to that VM`
        : `That is an address or a name of VMs, to which only a rule for "@vm:NAME" opens a way`;
    const explanation = `${why}: ${what} is denied.`;
    return { decision, rule: null, explanation };
  }
  if (rule === null) {
    const hidden = refusal === "quic" || refusal === "encrypted-dns" ? ` ${HIDDEN[refusal]}` : "";
    return { decision, rule: null, explanation: `No rule of policy.yaml matches ${what}, so it is denied.${hidden}` };
  }
  const place = { line: rule.line, text: rule.text };
  const line = `Line ${rule.line} of policy.yaml`;
  if (refusal === "too-large")
    return {
      decision,
      rule: place,
      explanation: `${line} lets no more than ${rule.maxBytes} bytes through: ${what} is denied.`,
    };
  if (refusal === "no-scanner")
    return {
      decision,
      rule: place,
      explanation: `${line} asks for a scan, and no scanner is running: ${what} is denied.`,
    };
  const because = [...fromReason(rule, crossing.from, crossing), ...toReason(rule, crossing)];
  const why = because.length === 0 ? "" : `, because ${because.join(" and ")}`;
  const rest = rule.type === null ? "" : ` (${crossing.type ?? "no type"})`;
  return { decision, rule: place, explanation: `${line} ${DECIDES[decision]} ${what}${rest}${why}.` };
}

export function partyWords(party: Party): string {
  switch (party.kind) {
    case "host":
      return "the host";
    case "new-disposable":
      return "a new disposable VM";
    case "vm":
      return party.name;
  }
}

export function targetWords(to: Crossing["to"]): string {
  switch (to.kind) {
    case "destination": {
      const where = to.name ?? to.address ?? "anywhere";
      const host = where.includes(":") && to.port !== null ? `[${where}]` : where;
      const protocol = to.protocol === null ? "" : `/${to.protocol}`;
      return to.port === null ? host : `${host}:${to.port}${protocol}`;
    }
    case "vm-place":
      return vmPlaceWord(to.vm.name, to);
    case "service":
      return `the service ${to.name}`;
    default:
      return partyWords(to);
  }
}

/** A disposable that is for another VM connects as that one does: its name says whose rules decide. */
function fromReason({ from }: Rule, party: Party, { action }: Crossing): string[] {
  if (party.kind !== "vm") return [];
  const caller = action === "net.connect" ? party.forVm : undefined;
  if (caller === undefined) return groupReason(from, party.name);
  if (caller === null) return [`the VM that ${party.name} is for is gone`];
  return [`${party.name} is for ${caller.name}`, ...groupReason(from, caller.name)];
}

function toReason({ to: pattern }: Rule, { to }: Crossing): string[] {
  if (pattern.kind === "same-label") return ["both have the same label"];
  return to.kind === "vm" ? groupReason(pattern, to.name) : [];
}

/** What a name in a rule says needs no more words. */
function groupReason(pattern: PartyPattern | TargetPattern, name: string): string[] {
  switch (pattern.kind) {
    case "label":
      return [`${name} has the label ${pattern.label}`];
    case "role":
      return [`${name} has the role ${pattern.role}`];
    case "template":
      return [`${name} is made from ${pattern.template}`];
    default:
      return [];
  }
}
