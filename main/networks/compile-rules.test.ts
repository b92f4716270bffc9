import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FirewallRule } from "#shared/model/firewall.ts";
import { LABEL_NAMES } from "#shared/model/label.ts";
import { POLICY_DECISIONS } from "#shared/model/policy.ts";
import { VM_ROLES, type VmId } from "#shared/model/vm.ts";
import type { Destination, VmParty } from "../policy/crossing.ts";
import { addressesIn, isInternet, matchesDestination, parseDestinationPattern } from "../policy/destination.ts";
import { type Circumstances, evaluate } from "../policy/evaluate.ts";
import { readPolicy } from "../policy/policy-file.ts";
import type { Rule } from "../policy/rules.ts";
import { compileRules } from "./compile-rules.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const idOf = (name: string): VmId => `vm-${name}` as VmId;
const addressesOf = new Map([
  [idOf("web"), ["10.137.0.6", "fd00:137:1::2"]],
  [idOf("printer"), ["10.137.0.10", "fd00:137:2::2"]],
]);
const given: Circumstances = {
  now: NOW,
  boundTo: idOf,
  hasScanner: () => true,
  isNear: addressesIn(["8.8.4.0/24"]),
  addressesOf: (id) => addressesOf.get(id) ?? [],
};
const vm = (name: string, more: Partial<VmParty> = {}): VmParty => ({
  kind: "vm",
  id: idOf(name),
  name,
  label: "coral",
  role: "app",
  template: "debian",
  ...more,
});
const web = vm("web");

function rules(...texts: string[]): readonly Rule[] {
  const read = readPolicy(`rules:\n${texts.map((text) => `  - {${text}}\n`).join("")}`, "/policy.yaml");
  if (!read.ok) throw new Error(read.problem.reason);
  return read.value.rules;
}

function connect(to: string, decision: string, more = ""): string {
  return `action: net.connect, from: web, to: "${to}", decision: ${decision}${more}`;
}

const compiled = (...texts: string[]) => compileRules(rules(...texts), web, given);
const targets = (...texts: string[]) => compiled(...texts).rules.map(({ to }) => to);

describe("what a rule leads to", () => {
  it.each([
    ["@any", { kind: "any" }, null],
    ["@internet", { kind: "internet" }, null],
    ["@internet:853", { kind: "internet" }, 853],
    ["A.Example.:443", { kind: "name", name: "a.example" }, 443],
    ["*.a.example", { kind: "names-below", name: "a.example" }, null],
    ["10.0.0.0/8:53", { kind: "addresses", cidr: "10.0.0.0/8" }, 53],
    ["192.0.2.7", { kind: "addresses", cidr: "192.0.2.7/32" }, null],
    ["[2001:db8::1]:22", { kind: "addresses", cidr: "2001:db8::1/128" }, 22],
  ])("%s", (to, target, port) => {
    expect(compiled(connect(to, "ask")).rules).toMatchObject([{ to: target, port, decision: "ask", until: null }]);
  });
});

describe("a rule for a VM", () => {
  const placeOf = (id: VmId) => (id === idOf("printer") ? { link: "link-2", name: "printer" } : null);
  const made = (party: VmParty, ...texts: string[]) => compileRules(rules(...texts), party, { ...given, placeOf });
  const to = { kind: "vm", link: "link-2", name: "printer" };

  it("is told with that VM's link, while it has one", () => {
    const text = connect("@vm:printer:631/tcp", "allow");
    const { rules: list, checksNames } = made(web, text);
    expect(list).toMatchObject([{ decision: "allow", to, port: 631, protocol: "tcp" }]);
    expect(checksNames).toBe(false);
    expect(compiled(text).rules).toEqual([]);
  });

  it("is left out where no VM of that name is meant, or the VM itself", () => {
    const texts = ["@vm:other", "@vm:web"].map((word) => connect(word, "allow"));
    expect(made(web, ...texts).rules).toEqual([]);
    const unbound = { ...given, boundTo: (name: string) => (name === "web" ? web.id : null), placeOf };
    expect(compileRules(rules(connect("@vm:printer", "allow")), web, unbound).rules).toEqual([]);
    const own = (): { link: string; name: string } => ({ link: "link-1", name: "web" });
    expect(compileRules(rules(connect("@vm:web", "allow")), web, { ...given, placeOf: own }).rules).toEqual([]);
  });

  it("is no question where the VM asks on first use, and has all of it scanned where it says so", () => {
    const asked = compileRules(rules(connect("@vm:printer", "allow")), web, { ...given, placeOf, asks: true });
    expect(asked.rules.map(({ decision }) => decision)).toEqual(["allow", "ask"]);
    expect(made(web, connect("@vm:printer", "allow", ", scan: true")).scan).toBe(true);
  });
});

it("leaves out what is of other VMs, actions and types, and what is over", () => {
  expect(
    targets(
      'action: net.connect, from: home, to: "@any", decision: allow',
      'action: url.open, from: web, to: "@any", decision: allow',
      'action: exec, from: web, to: "@any", decision: allow',
      'action: "@any", from: web, to: "@any", type: text/plain, decision: allow',
      'action: "@any", from: web, to: home, decision: allow',
      connect("@any", "allow", ", until: 2026-11-28T12:00:00Z"),
      connect("a.example", "allow", ", until: 2026-11-28T12:00:01Z"),
      'action: "@any", from: "@label:coral", to: "@any", decision: deny',
    ),
  ).toEqual([{ kind: "name", name: "a.example" }, { kind: "any" }]);
});

it("says what hides names after a rule that lets all pass, which does not mean it", () => {
  const texts = [connect("@any", "allow"), connect("9.9.9.9:53/udp", "allow")];
  expect(compiled(...texts).rules).toMatchObject([{ to: { kind: "any" } }, { port: 53, protocol: "udp" }]);
});

it("says nothing after a rule for all, and nothing twice", () => {
  const all = connect("@any", "deny");
  expect(
    targets(connect("a.example", "allow"), connect("a.example", "allow"), all, connect("@internet", "allow")),
  ).toEqual([{ kind: "name", name: "a.example" }, { kind: "any" }]);
});

it("checks names where a rule names one", () => {
  expect(compiled(connect("@internet", "allow")).checksNames).toBe(false);
  expect(compiled(connect("*.a.example", "deny"), connect("@internet", "allow")).checksNames).toBe(true);
});

it.each<[scan: boolean, texts: string[]]>([
  [true, [connect("@internet", "allow", ", scan: true")]],
  [true, [connect("a.example", "ask", ", scan: true"), connect("@internet", "allow")]],
  [false, [connect("@internet", "allow")]],
  // What is denied is not looked at.
  [false, [connect("a.example", "deny", ", scan: true"), connect("@internet", "allow")]],
  [false, ['action: net.connect, from: home, to: "@any", decision: allow, scan: true']],
])("a VM is scanned where a rule lets something through that wants it: %s", (scan, texts) => {
  expect(compiled(...texts).scan).toBe(scan);
});

it("a VM is scanned whatever its rules say, where that is set", () => {
  expect(compileRules(rules(connect("@internet", "allow")), web, { ...given, scans: true })).toMatchObject({
    rules: [{ decision: "allow" }],
    scan: true,
  });
  expect(compileRules([], web, { ...given, scans: true }).scan).toBe(true);
});

it("a VM that asks on first use is asked of what only a rule for everything allows, or none, and not of what one denies", () => {
  const asked = (...texts: string[]) =>
    compileRules(rules(...texts), web, { ...given, asks: true }).rules.map(
      ({ id, decision, to }) => `${decision} ${to.kind}${id === "builtin:first-use" ? " at last" : ""}`,
    );
  expect(asked(connect("a.example", "allow"), connect("b.example", "deny"), connect("@internet", "allow"))).toEqual([
    "allow name",
    "deny name",
    "ask internet",
    "ask internet at last",
  ]);
  expect(asked()).toEqual(["ask internet at last"]);
  expect(asked(connect("@any", "deny"))).toEqual(["deny any"]);
});

it("has ids that stay with the rule's text, and the rules that they are of", () => {
  const [first, second] = [connect("a.example", "allow"), connect("b.example", "allow")];
  const before = compiled(first, second);
  const after = compiled(connect("c.example", "deny"), second, first);
  const ids = ({ rules: made }: typeof before) => made.map(({ id }) => id);
  expect(ids(after).slice(1)).toEqual(ids(before).toReversed());
  expect(new Set(ids(after)).size).toBe(3);
  expect(ids(after).map((id) => after.sources.get(id)?.line)).toEqual([2, 3, 4]);
  expect(ids(before).every((id) => /^rule:[0-9a-f]{16}$/u.test(id))).toBe(true);
});

describe("a disposable that is for a VM", () => {
  const disposable = (forVm: VmParty | null): VmParty => vm("disp-1", { role: "disposable", forVm });
  const own = (to: string, decision: string): string =>
    `action: net.connect, from: "@disposable", to: "${to}", decision: ${decision}`;
  const made = (party: VmParty, ...texts: string[]) =>
    compileRules(rules(...texts), party, given).rules.map(({ decision, to }) => `${decision} ${JSON.stringify(to)}`);
  const all = [own("a.example", "deny"), own("b.example", "ask"), own("c.example", "allow")];

  it("has that VM's rules, and of those for disposables what denies", () => {
    expect(made(disposable(web), ...all, connect("*.example", "allow"))).toEqual([
      'deny {"kind":"name","name":"a.example"}',
      'deny {"kind":"name","name":"b.example"}',
      'allow {"kind":"names-below","name":"example"}',
    ]);
  });

  it("connects to nothing when that VM is gone, and by the rules for disposables where it is for none", () => {
    expect(made(disposable(null), own("c.example", "allow"), connect("*.example", "allow"))).toEqual([]);
    expect(made(vm("disp-2", { role: "disposable" }), ...all)).toHaveLength(3);
  });
});

/** As the firewall decides, by what shared/model/firewall.ts says of its rules. */
function firewallDecides(list: readonly FirewallRule[], destination: Destination): string {
  const transport = destination.protocol ?? "tcp";
  const hidden = [53, 853].includes(destination.port ?? 0) ? "port" : null;
  const needs = transport === "udp" && destination.port === 443 ? "protocol" : hidden;
  const isMeant = (rule: FirewallRule): boolean => {
    const { to, port, protocol, decision } = rule;
    if (port !== null && port !== destination.port) return false;
    if (protocol !== null && protocol !== transport) return false;
    // What hides names has to be named by what lets it pass.
    if (decision !== "deny" && needs !== null && rule[needs] === null) return false;
    if (decision !== "deny" && destination.name === "dns.google" && !(to.kind === "name" || to.kind === "addresses"))
      return false;
    switch (to.kind) {
      case "any":
        return true;
      case "internet":
        return isInternet(destination, given.isNear);
      case "name":
        return destination.name === to.name;
      case "names-below":
        return destination.name?.endsWith(`.${to.name}`) ?? false;
      case "vm":
        return false;
      case "addresses": {
        const pattern = parseDestinationPattern(to.cidr);
        return pattern !== null && matchesDestination(pattern, { ...destination, name: null });
      }
    }
  };
  return list.find(isMeant)?.decision ?? "deny";
}

it("decides as the policy does", () => {
  const group = fc.oneof(
    fc.constantFrom("home", "web", "@any", "@host", "@disposable", "@template:debian"),
    fc.constantFrom(...LABEL_NAMES.slice(0, 3)).map((label) => `@label:${label}`),
    fc.constantFrom(...VM_ROLES).map((role) => `@role:${role}`),
  );
  const action = fc.constantFrom("net.connect", "@any", "url.open");
  const targetWord = [
    "@any",
    "@internet",
    "a.example",
    "*.a.example:443",
    "10.0.0.0/8",
    "8.8.0.0/16:53",
    "@internet:853/tcp",
    "a.example:443/udp",
    "dns.google",
    "2001:4860::/32",
  ];
  const ruleText = action.chain((does) =>
    fc
      .record({
        from: group,
        to: does === "net.connect" ? fc.constantFrom(...targetWord) : fc.constantFrom("@any", "home"),
        more: fc.constantFrom(
          "",
          ", scan: true",
          ", type: text/plain",
          ", maxBytes: 10",
          ", until: 2026-11-28T12:00:00Z",
        ),
        decision: fc.constantFrom(...POLICY_DECISIONS),
      })
      .map(
        ({ from, to, more, decision }) =>
          `action: "${does}", from: "${from}", to: "${to}"${more}, decision: ${decision}`,
      ),
  );
  const someVm = fc
    .record({
      name: fc.constantFrom("home", "web", "other"),
      label: fc.constantFrom(...LABEL_NAMES.slice(0, 3)),
      role: fc.constantFrom(...VM_ROLES),
    })
    .map(({ name, ...more }) => vm(name, more));
  const disposable = fc
    .option(someVm, { nil: null })
    .map((forVm) => vm("disp-1", { label: forVm?.label ?? null, role: "disposable", forVm }));
  const from = fc.oneof(someVm, disposable);
  const destination: fc.Arbitrary<Destination> = fc.record({
    kind: fc.constant("destination" as const),
    name: fc.constantFrom(null, "a.example", "b.a.example", "b.example", "dns.google"),
    address: fc.constantFrom(null, "10.1.2.3", "8.8.8.8", "8.8.4.4", "198.18.0.1", "2001:4860::8888", "fd00::1"),
    port: fc.constantFrom(null, 53, 443, 853),
    protocol: fc.constantFrom(null, "tcp" as const, "udp" as const),
  });
  // Reading a file is not what is tried here: each rule is read once.
  const read = new Map<string, readonly Rule[]>();
  const ruleOf = (text: string): readonly Rule[] => {
    const known = read.get(text) ?? rules(text);
    read.set(text, known);
    return known;
  };
  const policy = fc.array(ruleText, { maxLength: 12 }).map((texts) => texts.flatMap(ruleOf));
  fc.assert(
    fc.property(policy, from, destination, (all, party, to) => {
      const expected = evaluate(all, { action: "net.connect", from: party, to, type: null, bytes: null }, given);
      const { rules: list, sources } = compileRules(all, party, given);
      expect(firewallDecides(list, to)).toBe(expected.decision);
      expect(list.every(({ id }) => sources.has(id))).toBe(true);
      // A disposable connects to no more than the VM that it is for.
      if (party.forVm === undefined || expected.decision === "deny") return;
      const ofCaller = party.forVm === null ? null : compileRules(all, party.forVm, given).rules;
      expect(ofCaller === null ? "deny" : firewallDecides(ofCaller, to)).toBe(expected.decision);
    }),
    { numRuns: 1_000 },
  );
});
