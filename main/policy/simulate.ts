/** Crossings in words: what `atoll policy check` asks, and the tests of the policy file. Pure. */
import { AppError } from "#shared/model/app-error.ts";
import type { PolicyAction, PolicyTestResult } from "#shared/model/policy.ts";
import { type Crossing, HOST, NEW_DISPOSABLE, type Party, type VmParty, type VmPlace } from "./crossing.ts";
import { parseDestination, parseVmPlace, type PortPattern, vmOfName } from "./destination.ts";
import { type Circumstances, evaluate } from "./evaluate.ts";
import { partyPattern, UNTYPED_SEND } from "./policy-file.ts";
import type { Expectation, PartyPattern, Rule, TargetPattern } from "./rules.ts";

export interface AskedCrossing {
  action: PolicyAction;
  from: string;
  to: string;
  type: string | null;
}

/** @throws AppError usage.bad-argument, vm.not-found */
export function crossingOf({ action, from, to, type }: AskedCrossing, vms: readonly VmParty[]): Crossing {
  if (action === "file.send" && type !== null) throw new AppError("usage.bad-argument", `${UNTYPED_SEND}.`, { type });
  return { action, from: partyOf(from, vms), to: targetOf(action, to, vms), type: mimeOf(type), bytes: null };
}

/** A crossing without its type's parameters, in lower case, as rules have types. */
function mimeOf(type: string | null): string | null {
  return type === null ? null : (type.split(";", 1)[0] ?? "").trim().toLowerCase();
}

function targetOf(action: PolicyAction, text: string, vms: readonly VmParty[]): Crossing["to"] {
  if (action === "net.connect") {
    const place = parseVmPlace(text);
    if (place !== null) return vmPlaceOf(place, vms) ?? notThere(place.name, vms);
    const destination = parseDestination(text);
    const named = destination?.name == null ? null : vmOfName(destination.name);
    if (destination !== null && named) return vmPlaceOf({ ...destination, name: named }, vms) ?? destination;
    if (destination !== null) return destination;
    throw new AppError(
      "usage.bad-argument",
      `"${text}" is no name, no address and no "@vm:NAME", with or without ":PORT" or ":PORT/PROTOCOL".`,
      {
        to: text,
      },
    );
  }
  if (action === "service.use") return { kind: "service", name: text };
  return partyOf(text, vms);
}

function partyOf(text: string, vms: readonly VmParty[]): Party {
  const pattern = partyPattern(text);
  const party = pattern === null ? null : someone(pattern, vms);
  return party ?? notThere(text, vms);
}

function notThere(name: string, vms: readonly VmParty[]): never {
  const known = vms.map((vm) => vm.name);
  throw new AppError("vm.not-found", `There is no VM named "${name}"; there are: ${known.join(", ") || "none"}.`, {
    vm: name,
    known,
  });
}

/** null: no VM has that name. */
export function vmPlaceOf(
  { name, port, protocol }: PortPattern & { name: string },
  vms: readonly VmParty[],
): VmPlace | null {
  const vm = vms.find((one) => one.name === name);
  return vm === undefined ? null : { kind: "vm-place", vm, port, protocol };
}

/** Of `service.use` and `net.connect` the target of a test is written out; null: its VM is not there. */
export function tryExpectation(
  test: Expectation,
  rules: readonly Rule[],
  vms: readonly VmParty[],
  circumstances: Circumstances,
): PolicyTestResult & { line: number } {
  const { line, name, action, expect: expected, type, bytes } = test;
  const from = someone(test.from, vms);
  const to = from === null ? null : someTarget(test.to, from, vms);
  if (from === null || to === null) return { line, name, expected, actual: null, ok: true };
  const actual = evaluate(rules, { action, from, to, type, bytes }, circumstances).decision;
  return { line, name, expected, actual, ok: actual === expected };
}

/** One of the crossings that a rule is about; null: it names a VM that is not there. */
export function exampleOf({ action, from: pattern, to: target, type }: Rule, vms: readonly VmParty[]): Crossing | null {
  const from = someone(pattern, vms);
  const to = from === null ? null : someTarget(target, from, vms);
  if (from === null || to === null) return null;
  return { action: action ?? "clipboard.paste", from, to, type: type?.replace("/*", "/any") ?? null, bytes: null };
}

/** A party that the pattern means: of a group, one that belongs to nothing else. null: no VM has that name. */
function someone(pattern: PartyPattern, vms: readonly VmParty[]): Party | null {
  switch (pattern.kind) {
    case "host":
      return HOST;
    case "disposable":
      return NEW_DISPOSABLE;
    case "vm":
      return vms.find(({ name }) => name === pattern.name) ?? null;
    case "any":
      return { ...STRANGER, name: "any VM" };
    case "label":
      return { ...STRANGER, name: `any VM with the label ${pattern.label}`, label: pattern.label };
    case "role":
      return { ...STRANGER, name: `any VM with the role ${pattern.role}`, role: pattern.role };
    case "template":
      return { ...STRANGER, name: `any VM made from ${pattern.template}`, template: pattern.template };
  }
}

const STRANGER: VmParty = { kind: "vm", id: null, name: "", label: null, role: "app", template: null };

function someTarget(pattern: TargetPattern, from: Party, vms: readonly VmParty[]): Crossing["to"] | null {
  switch (pattern.kind) {
    case "same-label":
      return from.kind === "vm" ? { ...STRANGER, name: "a VM of the same label", label: from.label } : null;
    case "internet":
      return {
        kind: "destination",
        name: "any.name.example",
        address: null,
        port: pattern.port,
        protocol: pattern.protocol,
      };
    case "vm-place":
      return vmPlaceOf(pattern, vms);
    case "service":
      return pattern;
    case "destination": {
      const { destination } = pattern;
      const { port, protocol } = destination;
      if (destination.kind === "addresses")
        return { kind: "destination", name: null, address: destination.first, port, protocol };
      const name = destination.kind === "name" ? destination.name : `any${destination.suffix}`;
      return { kind: "destination", name, address: null, port, protocol };
    }
    default:
      return someone(pattern, vms);
  }
}
