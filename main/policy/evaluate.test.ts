import fs from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import { POLICY_ACTIONS, POLICY_DECISIONS } from "#shared/model/policy.ts";
import { VM_ROLES, type VmId, type VmRole } from "#shared/model/vm.ts";
import { type Crossing, HOST, NEW_DISPOSABLE, type Party, type VmParty } from "./crossing.ts";
import { DEFAULT_POLICY } from "./default-policy.ts";
import { parseDestination } from "./destination.ts";
import { type Circumstances, evaluate } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { RESOLVERS } from "./hiding.ts";
import { readPolicy } from "./policy-file.ts";
import type { Rule } from "./rules.ts";
import { RulesInForce } from "./rules-in-force.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const idOf = (name: string): VmId => `vm-${name}` as VmId;
const bound: Circumstances = {
  now: NOW,
  boundTo: idOf,
  hasScanner: () => true,
  isNear: () => false,
  addressesOf: (id) => (id === idOf("printer") ? ["10.137.0.10", "fd00:137:2::2"] : []),
};

function vm(
  name: string,
  label: LabelName = "lagoon",
  role: VmRole = "app",
  template: string | null = "debian",
): VmParty {
  return { kind: "vm", id: idOf(name), name, label, role, template };
}

function rules(...lines: string[]): readonly Rule[] {
  const read = readPolicy(`rules:\n${lines.map((line) => `  - {${line}}\n`).join("")}`, "/policy.yaml");
  if (!read.ok) throw new Error(read.problem.reason);
  return read.value.rules;
}

const paste = (from: Party, to: Party, more: Partial<Crossing> = {}): Crossing => ({
  action: "clipboard.paste",
  from,
  to,
  type: "text/plain",
  bytes: 34,
  ...more,
});

const home = vm("home");
const web = vm("web", "coral");
const vault = vm("keys", "lagoon", "vault");

describe("a rule matches", () => {
  it.each<[string, string, Crossing, boolean]>([
    ["its action", "action: exec, from: home, to: web", paste(home, web), false],
    ["any action", 'action: "@any", from: home, to: web', paste(home, web), true],
    ["any action, but not exec", 'action: "@any", from: home, to: web', paste(home, web, { action: "exec" }), false],
    ["the VM of a name", "action: clipboard.paste, from: home, to: web", paste(home, web), true],
    ["no other VM", "action: clipboard.paste, from: home, to: home", paste(home, web), false],
    ["a label", 'action: clipboard.paste, from: "@label:lagoon", to: "@label:coral"', paste(home, web), true],
    ["no other label", 'action: clipboard.paste, from: "@label:coral", to: web', paste(home, web), false],
    ["a role", 'action: clipboard.paste, from: "@role:vault", to: web', paste(vault, web), true],
    ["no other role", 'action: clipboard.paste, from: "@role:vault", to: web', paste(home, web), false],
    ["a template", 'action: clipboard.paste, from: "@template:debian", to: web', paste(home, web), true],
    ["no other template", 'action: clipboard.paste, from: "@template:arch", to: web', paste(home, web), false],
    ["the same label", 'action: clipboard.paste, from: "@any", to: "@same-label"', paste(home, vault), true],
    ["not another label", 'action: clipboard.paste, from: "@any", to: "@same-label"', paste(home, web), false],
    ["the host, named", 'action: clipboard.paste, from: "@host", to: web', paste(HOST, web), true],
    ["not the host by any", 'action: clipboard.paste, from: "@any", to: web', paste(HOST, web), false],
    ["not the host by any, as a target", 'action: clipboard.paste, from: home, to: "@any"', paste(home, HOST), false],
    ["the host has no label", 'action: clipboard.paste, from: "@host", to: "@same-label"', paste(HOST, web), false],
    [
      "a disposable VM",
      'action: clipboard.paste, from: home, to: "@disposable"',
      paste(home, vm("d", "slate", "disposable")),
      true,
    ],
    [
      "a new disposable VM",
      'action: clipboard.paste, from: home, to: "@disposable"',
      paste(home, NEW_DISPOSABLE),
      true,
    ],
    ["no other VM as disposable", 'action: clipboard.paste, from: home, to: "@disposable"', paste(home, web), false],
    [
      "a new disposable VM has no label",
      'action: clipboard.paste, from: "@any", to: "@same-label"',
      paste(home, NEW_DISPOSABLE),
      false,
    ],
    ["a type", "action: clipboard.paste, from: home, to: web, type: text/plain", paste(home, web), true],
    ["a kind of types", "action: clipboard.paste, from: home, to: web, type: text/*", paste(home, web), true],
    ["no other type", "action: clipboard.paste, from: home, to: web, type: text/html", paste(home, web), false],
    ["a type that begins alike", "action: clipboard.paste, from: home, to: web, type: tex/*", paste(home, web), false],
    [
      "what has no type, without a type",
      "action: clipboard.paste, from: home, to: web",
      paste(home, web, { type: null }),
      true,
    ],
    [
      "nothing without a type, with one",
      "action: clipboard.paste, from: home, to: web, type: text/*",
      paste(home, web, { type: null }),
      false,
    ],
    [
      "before its end",
      "action: clipboard.paste, from: home, to: web, until: 2026-11-28T12:00:01Z",
      paste(home, web),
      true,
    ],
    [
      "not from its end on",
      "action: clipboard.paste, from: home, to: web, until: 2026-11-28T12:00:00Z",
      paste(home, web),
      false,
    ],
    ["the internet", 'action: net.connect, from: home, to: "@internet"', connect("8.8.8.8:54"), true],
    [
      "no private address as the internet",
      'action: net.connect, from: home, to: "@internet"',
      connect("10.0.0.1"),
      false,
    ],
    ["any destination", 'action: net.connect, from: home, to: "@any"', connect("10.0.0.1"), true],
    ["a name", "action: net.connect, from: home, to: a.example:443", connect("a.example:443"), true],
    [
      "a service",
      "action: service.use, from: home, to: antivirus",
      paste(home, home, { action: "service.use", to: { kind: "service", name: "antivirus" } }),
      true,
    ],
    [
      "no other service",
      "action: service.use, from: home, to: antivirus",
      paste(home, home, { action: "service.use", to: { kind: "service", name: "yara" } }),
      false,
    ],
  ])("%s", (_what, rule, crossing, matches) => {
    expect(evaluate(rules(`${rule}, decision: allow`), crossing, bound).decision).toBe(matches ? "allow" : "deny");
  });

  it("nobody, by a name that no VM has, or had", () => {
    const [lost] = [rules("action: clipboard.paste, from: home, to: web, decision: allow")];
    const unbound = { ...bound, boundTo: () => null };
    expect(evaluate(lost, paste(home, web), unbound).rule).toBeNull();
    expect(evaluate(lost, paste({ ...home, id: null }, { ...web, id: null }), unbound).rule).toBeNull();
  });
});

function connect(to: string): Crossing {
  const destination = parseDestination(to);
  if (destination === null) throw new Error(to);
  return { action: "net.connect", from: home, to: destination, type: null, bytes: null };
}

it("a disposable connects as the VM that it is for, and the explanation names that", () => {
  const home = vm("home");
  const connects = (forVm: VmParty | null) => {
    const from = { ...vm("disp-1", "lagoon", "disposable"), forVm };
    const crossing: Crossing = { ...connect("a.example"), from };
    return explain(
      evaluate(
        rules(
          'action: net.connect, from: "@role:app", to: a.example, decision: allow',
          'action: net.connect, from: "@disposable", to: "@any", decision: ask',
        ),
        crossing,
        bound,
      ),
      crossing,
    );
  };
  expect(connects(home)).toMatchObject({
    decision: "allow",
    explanation: expect.stringContaining("disp-1 is for home and home has the role app") as string,
  });
  expect(connects(null)).toMatchObject({
    decision: "deny",
    explanation: expect.stringContaining("denies net.connect from disp-1 to a.example, because the VM") as string,
  });
});

it("denies by the rule what is larger than it lets through, and what no scanner has seen", () => {
  const small = rules("action: clipboard.paste, from: home, to: web, maxBytes: 34, decision: allow");
  expect(evaluate(small, paste(home, web), bound)).toMatchObject({ decision: "allow", refusal: null });
  expect(evaluate(small, paste(home, web, { bytes: null }), bound).decision).toBe("allow");
  expect(evaluate(small, paste(home, web, { bytes: 35 }), bound)).toMatchObject({
    decision: "deny",
    refusal: "too-large",
  });
  const scanned = rules("action: clipboard.paste, from: home, to: web, scan: true, decision: ask");
  expect(evaluate(scanned, paste(home, web), bound).decision).toBe("ask");
  expect(evaluate(scanned, paste(home, web), { ...bound, hasScanner: () => false })).toMatchObject({
    decision: "deny",
    refusal: "no-scanner",
  });
});

it("leaves it to the person where no scanner works and the rule says so", () => {
  const asking = rules("action: file.send, from: home, to: web, scan: true, unscanned: ask, decision: allow");
  const sent: Crossing = { ...paste(home, web), action: "file.send", type: null };
  const evaluation = evaluate(asking, sent, { ...bound, hasScanner: () => false });
  expect(evaluation).toMatchObject({ decision: "allow", refusal: null, rule: { scan: true, asksUnscanned: true } });
});

it("without a rule all is denied", () => {
  expect(evaluate([], paste(home, web), bound)).toEqual({ decision: "deny", rule: null, refusal: null });
});

it.each([
  "10.137.0.10",
  "10.137.0.10:80",
  "[fd00:137:2::2]:22/udp",
  "10.137.255.1",
  "none.vm.internal:80",
  "vm.internal",
])("no rule opens a way to another VM's address, %s, and that is said", (to) => {
  for (const pattern of [
    "@any",
    "none.vm.internal",
    "*.internal",
    "10.0.0.0/8",
    "fd00::/8",
    "10.137.0.10",
    "@internet",
  ])
    for (const decision of ["allow", "ask"]) {
      const given = rules(`action: net.connect, from: home, to: "${pattern}", decision: ${decision}`);
      const evaluation = evaluate(given, connect(to), bound);
      expect(evaluation).toEqual({ decision: "deny", rule: null, refusal: "other-vm" });
      expect(explain(evaluation, connect(to)).explanation).toBe(
        `That is an address or a name of VMs, to which only a rule for "@vm:NAME" opens a way: net.connect from home to ${to} is denied.`,
      );
    }
  // Addresses beside them are as ever.
  const near = rules('action: net.connect, from: home, to: "@any", decision: allow');
  for (const other of [
    "evilvm.internal",
    "vm.internal.example",
    "10.136.255.255",
    "10.138.0.0",
    "[fd00:136:ffff::1]:22",
    "[fd00:138::]:22",
  ])
    expect(evaluate(near, connect(other), bound)).toMatchObject({ decision: "allow", refusal: null });
});

describe("a way from one VM to another", () => {
  const printer = vm("printer", "coral");
  const to = (port: number | null, protocol: "tcp" | "udp" | null = null): Crossing["to"] => ({
    ...{ kind: "vm-place", vm: printer, port, protocol },
  });
  const of = (from: Party, place: Crossing["to"], ...lines: string[]) =>
    evaluate(rules(...lines), { action: "net.connect", from, to: place, type: null, bytes: null }, bound);
  const line = (word: string, decision = "allow", from = "home"): string =>
    `action: net.connect, from: "${from}", to: "${word}", decision: ${decision}`;
  const closed = { decision: "deny", rule: null, refusal: "other-vm" };

  it.each([
    ["@vm:printer", to(null)],
    ["@vm:printer", to(53, "udp")],
    ["@vm:printer:631", to(631)],
    ["@vm:printer:631/udp", to(631, "udp")],
  ])("is opened by %s", (word, place) => {
    expect(of(home, place, line(word))).toMatchObject({ decision: "allow", rule: { line: 2 }, refusal: null });
    // Nothing else than what may go before a rule does that.
    expect(of(home, place, line("@any", "ask"), line("@any"), line(word)).decision).toBe("allow");
    expect(of(web, place, line(word))).toEqual(closed);
    for (const deny of ["@any", "10.0.0.0/8", "fd00:137:2::2", word])
      expect(of(home, place, line(deny, "deny"), line(word))).toMatchObject({ decision: "deny", rule: { line: 2 } });
    for (const other of ["@internet", "10.137.0.14", "printer", "@vm:web"])
      expect(of(home, place, line(other, "deny"), line(word)).decision).toBe("allow");
  });

  it.each<[string, Crossing["to"]]>([
    ["@any", to(631)],
    ["@internet", to(631)],
    ["10.137.0.10", to(631)],
    ["fd00::/8", to(null)],
    ["printer", to(631)],
    ["*.internal", to(631)],
    ["@vm:web", to(631)],
    ["@vm:printer:631", to(80)],
    ["@vm:printer:631", to(null)],
    ["@vm:printer:631/udp", to(631)],
  ])("is not opened by %s", (word, place) => {
    expect(of(home, place, line(word))).toEqual(closed);
  });

  it("leads no VM to itself, and no way to a name or an address", () => {
    expect(of(printer, to(631), line("@vm:printer", "allow", "printer"))).toEqual(closed);
    for (const word of ["printer:631", "10.137.0.10:631", "10.1.2.3:631"])
      expect(of(home, connect(word).to, line("@vm:printer")).decision).toBe("deny");
    const any = 'action: "@any", from: home, to: "@any", decision: allow';
    expect(of(home, to(631), any)).toEqual(closed);
    expect(of(home, to(631), 'action: "@any", from: home, to: printer, decision: allow')).toEqual(closed);
    expect(of(home, to(631), 'action: "@any", from: home, to: "@any", decision: deny').rule?.line).toBe(2);
  });

  it("is open to a disposable of the VM as it is to that", () => {
    const disposable: VmParty = { ...vm("disp-1", "coral", "disposable"), forVm: home };
    expect(of(disposable, to(631), line("@vm:printer")).decision).toBe("allow");
    expect(of(disposable, to(631), line("@vm:printer", "allow", "@disposable"))).toEqual(closed);
  });
});

describe("what hides names from the firewall", () => {
  it.each<[string, "allow" | "ask" | "deny", string, string, string | null]>([
    ["@internet", "allow", "a.example:443", "allow", null],
    ["@internet", "allow", "a.example:443/udp", "deny", "quic"],
    ["@any", "ask", "a.example:443/udp", "deny", "quic"],
    ["a.example:443", "allow", "a.example:443/udp", "deny", "quic"],
    ["a.example:443/udp", "allow", "a.example:443/udp", "allow", null],
    ["a.example:443/udp", "allow", "a.example:443", "deny", null],
    ["@internet:443/udp", "ask", "a.example:443/udp", "ask", null],
    ["@internet", "allow", "9.9.9.9:853", "deny", "encrypted-dns"],
    ["@internet", "allow", "9.9.9.9:853/udp", "deny", "encrypted-dns"],
    ["@internet", "allow", "9.9.9.9:8853", "deny", "encrypted-dns"],
    ["@internet", "allow", "9.9.9.9:784/udp", "deny", "encrypted-dns"],
    ["@internet", "allow", "9.9.9.9:784", "allow", null],
    ["@internet", "allow", "9.9.9.9:53/udp", "deny", "encrypted-dns"],
    ["9.9.9.0/24:53", "allow", "9.9.9.9:53/udp", "allow", null],
    ["@internet:853", "allow", "9.9.9.9:853", "allow", null],
    ["@internet", "allow", "dns.google", "deny", "encrypted-dns"],
    ["@internet", "allow", "DNS.Google.:443", "deny", "encrypted-dns"],
    ["*.google", "allow", "dns.google", "deny", "encrypted-dns"],
    ["dns.google", "allow", "dns.google:443", "allow", null],
    ["dns.google", "allow", "dns.google:853", "deny", "encrypted-dns"],
    ["*.dns.nextdns.io", "allow", "abc.dns.nextdns.io:443", "allow", null],
  ])("by a rule for %s: %s, %s is %s", (to, decision, destination, expected, refusal) => {
    const given = rules(`action: net.connect, from: home, to: "${to}", decision: ${decision}`);
    const evaluation = evaluate(given, connect(destination), bound);
    expect(evaluation).toMatchObject({ decision: expected, refusal });
    const hint = refusal === null ? "policy.yaml" : refusal === "quic" ? ":443/udp" : "a rule lets them pass";
    expect(explain(evaluation, connect(destination)).explanation).toContain(hint);
  });

  it("a rule that denies counts for it, whether it names it or not", () => {
    const given = rules(
      'action: net.connect, from: home, to: "*.corp", decision: deny',
      'action: net.connect, from: home, to: "@internet:853", decision: allow',
    );
    expect(evaluate(given, connect("a.corp:853"), bound).decision).toBe("deny");
    expect(evaluate(given, connect("a.example:853"), bound).decision).toBe("allow");
  });

  it("is known by the same names as in the firewall", () => {
    const text = fs.readFileSync("agents/netfilter/src/resolver/known.rs", "utf8");
    const list = /const RESOLVERS: &\[&str\] = &\[([^\]]*)\]/.exec(text)?.[1] ?? "";
    expect([...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name)).toEqual(RESOLVERS);
  });
});

describe("the default policy", () => {
  const read = readPolicy(DEFAULT_POLICY, "/policy.yaml");
  const shipped = read.ok ? read.value.rules : [];
  const decide = (crossing: Crossing): string => evaluate(shipped, crossing, bound).decision;
  const work = vm("work", "coral");

  it.each<[string, Crossing, string]>([
    ["paste between VMs of one label", paste(web, work), "allow"],
    ["paste between others", paste(home, web), "ask"],
    ["paste from a vault, of the same label too", paste(vault, home), "ask"],
    ["paste from a vault to the host", paste(vault, HOST), "ask"],
    ["paste from a vault to a disposable", paste(vault, NEW_DISPOSABLE), "ask"],
    ["paste to the host", paste(home, HOST), "ask"],
    ["paste from the host", paste(HOST, home), "ask"],
    ["paste to a disposable", paste(home, NEW_DISPOSABLE), "allow"],
    ["a file of the host, opened in a disposable", paste(HOST, NEW_DISPOSABLE, { action: "file.open" }), "allow"],
    ["exec from the host", paste(HOST, web, { action: "exec" }), "allow"],
    ["exec from a VM", paste(home, web, { action: "exec" }), "deny"],
    ["exec on the host", paste(home, HOST, { action: "exec" }), "deny"],
    ["an address from a vault", paste(vault, web, { action: "url.open" }), "deny"],
    ["an address between others", paste(home, web, { action: "url.open" }), "ask"],
    ["a connection to the internet", connect("a.example:443"), "allow"],
    ["a connection by QUIC", connect("a.example:443/udp"), "deny"],
    ["a look-up by TLS", connect("9.9.9.9:853"), "deny"],
    ["a connection to a private address", connect("192.168.0.1:443"), "deny"],
    ["a connection of a vault", { ...connect("a.example:443"), from: vault }, "deny"],
    [
      "a service that nobody has installed",
      paste(home, home, { action: "service.use", to: { kind: "service", name: "yara" } }),
      "deny",
    ],
  ])("%s", (_what, crossing, decision) => expect(decide(crossing)).toBe(decision));

  it("does not offer a vault to be silent for ever", () => {
    expect(evaluate(shipped, paste(vault, home), bound).rule?.offersAlways).toBe(false);
    expect(evaluate(shipped, paste(home, web), bound).rule?.offersAlways).toBe(true);
  });
});

describe("for any rules and crossings", () => {
  const names = ["home", "web", "work", "keys"] as const;
  const label = fc.constantFrom(...LABEL_NAMES.slice(0, 3));
  const role = fc.constantFrom(...VM_ROLES);
  const anyVm = fc
    .record({ name: fc.constantFrom(...names), label, role })
    .map(({ name, label: ofVm, role: has }) => vm(name, ofVm, has));
  const party: fc.Arbitrary<Party> = fc.oneof(anyVm, fc.constant(HOST), fc.constant(NEW_DISPOSABLE));
  const action = fc.constantFrom(...POLICY_ACTIONS);
  const places = ["a.example", "b.a.example:443", "10.0.0.1", "8.8.8.8:53", "2001:4860::1"];
  const crossing: fc.Arbitrary<Crossing> = action.chain((does) =>
    fc.record({
      action: fc.constant(does),
      from: party,
      to:
        does === "net.connect"
          ? fc.constantFrom(...places).map((place) => connect(place).to)
          : does === "service.use"
            ? fc.constantFrom("yara", "antivirus").map((name) => ({ kind: "service" as const, name }))
            : party,
      type: fc.constantFrom(null, "text/plain", "image/png"),
      bytes: fc.option(fc.nat(2000)),
    }),
  );
  const group = fc.oneof(
    fc.constantFrom<string>(...names, "@any", "@host", "@disposable", "@template:debian"),
    label.map((of) => `@label:${of}`),
    role.map((of) => `@role:${of}`),
  );
  const ruleText = fc.oneof(action, fc.constant("@any")).chain((does) =>
    fc
      .record({
        from: group,
        to:
          does === "net.connect"
            ? fc.constantFrom("@any", "@internet", "*.a.example", "a.example:443", "10.0.0.0/8")
            : does === "service.use"
              ? fc.constantFrom("@any", "yara")
              : fc.oneof(group, fc.constant("@same-label")),
        type: does === "file.send" ? fc.constant("") : fc.constantFrom("", ", type: text/*", ", type: image/png"),
        more: fc.constantFrom(
          "",
          ", maxBytes: 1000",
          ", scan: true",
          ", until: 2026-11-28T12:00:00Z",
          ", until: 2027-01-01T00:00:00Z",
        ),
        decision: fc.constantFrom(...POLICY_DECISIONS),
      })
      .map(
        ({ from, to, type, more, decision }) =>
          `action: "${does}", from: "${from}", to: "${to}"${type}${more}, decision: ${decision}`,
      ),
  );
  // Reading a file is not what is tried here: each rule is read once.
  const read = new Map<string, readonly Rule[]>();
  const ruleOf = (text: string): readonly Rule[] => {
    const known = read.get(text) ?? rules(text);
    read.set(text, known);
    return known;
  };
  const policy = fc
    .array(ruleText, { maxLength: 12 })
    .map((texts) => texts.flatMap((text, at) => ruleOf(text).map((rule) => ({ ...rule, line: at + 2 }))));
  const circumstances = fc.boolean().map((hasScanner) => ({ ...bound, hasScanner: () => hasScanner }));
  const strictness = (decision: string): number => ["allow", "ask", "deny"].indexOf(decision);

  it("a deny that is put in front lets nothing more through", () => {
    fc.assert(
      fc.property(policy, ruleText, crossing, circumstances, (all, text, asked, given) => {
        const denying = ruleOf(text.replace(/decision: \w+$/, "decision: deny"));
        const before = evaluate(all, asked, given).decision;
        const after = evaluate([...denying, ...all], asked, given).decision;
        expect(strictness(after)).toBeGreaterThanOrEqual(strictness(before));
      }),
    );
  });

  it("the first rule that matches by itself decides, and without one all is denied", () => {
    fc.assert(
      fc.property(policy, crossing, circumstances, (all, asked, given) => {
        const alone = all.map((rule) => evaluate([rule], asked, given));
        const first = alone.find(({ rule }) => rule !== null);
        expect(evaluate(all, asked, given)).toEqual(first ?? evaluate([], asked, given));
        expect(evaluate([], asked, given)).toMatchObject({ decision: "deny", rule: null });
      }),
    );
  });

  it("the rules that are looked at, found by the VMs that they name, decide as all of them", () => {
    fc.assert(
      fc.property(policy, fc.array(ruleText, { maxLength: 3 }), crossing, circumstances, (few, texts, asked, given) => {
        // Enough of another pair that they are left out.
        const others = Array.from({ length: 30 }, () =>
          ruleOf(`action: "${asked.action}", from: "x", to: "y", decision: deny`),
        ).flat();
        const all = [...few, ...others, ...texts.flatMap((text) => ruleOf(text)), ...others];
        const inForce = new RulesInForce(
          { rules: all, tests: [] },
          { now: given.now, elapsed: () => 0, earlier: null, ended: { has: () => false, add: () => undefined } },
        );
        const namesOf = (id: VmId): string[] => names.filter((name) => given.boundTo(name) === id);
        const current = all.filter(({ until }) => until === null || given.now < until);
        expect(evaluate(inForce.for(asked, namesOf), asked, given)).toEqual(evaluate(current, asked, given));
      }),
    );
  });

  it("each has exactly one answer, and the explanation gives the same and its line", () => {
    fc.assert(
      fc.property(policy, crossing, circumstances, (all, asked, given) => {
        const evaluation = evaluate(all, asked, given);
        expect(POLICY_DECISIONS).toContain(evaluation.decision);
        const explained = explain(evaluation, asked);
        expect(explained.decision).toBe(evaluation.decision);
        expect(explained.rule?.line).toBe(evaluation.rule?.line);
        expect(explained.explanation).toContain(asked.action);
        if (evaluation.rule !== null) expect(explained.explanation).toContain(`Line ${evaluation.rule.line} `);
      }),
    );
  });

  it("nothing but rules that name the host touch it, and nothing but rules that name exec grant it", () => {
    fc.assert(
      fc.property(policy, crossing, circumstances, (all, asked, given) => {
        const { rule } = evaluate(all, asked, given);
        if (rule === null) return;
        expect(asked.from.kind !== "host" || rule.from.kind === "host").toBe(true);
        expect(asked.to.kind !== "host" || rule.to.kind === "host").toBe(true);
        expect(asked.action !== "exec" || rule.action === "exec").toBe(true);
      }),
    );
  });
});
