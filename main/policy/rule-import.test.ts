import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { POLICY_DECISIONS } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Crossing, VmParty } from "./crossing.ts";
import { DEFAULT_POLICY } from "./default-policy.ts";
import { evaluate } from "./evaluate.ts";
import { readPolicy } from "./policy-file.ts";
import { exportedRules, MAX_IMPORTED_RULES, planImport, rulesToImport } from "./rule-import.ts";
import type { Rule } from "./rules.ts";
import { exampleOf } from "./simulate.ts";

const CIRCUMSTANCES = {
  now: 0,
  boundTo: (name: string) => name as VmId,
  hasScanner: () => false,
  isNear: () => false,
  addressesOf: () => [],
};
const vm = (name: string): VmParty => ({
  kind: "vm",
  id: name as VmId,
  name,
  label: "lagoon",
  role: "app",
  template: "debian",
});
const VMS = ["home", "web"].map(vm);

function read(text: string): readonly Rule[] {
  const result = readPolicy(text, "/policy.yaml");
  if (!result.ok) throw new Error(result.problem.reason);
  return result.value.rules;
}

const fileOf = (...rules: string[]): string => `rules:\n${rules.map((rule) => `  - {${rule}}\n`).join("")}`;
const connect = (to: string, decision: string, more = ""): string =>
  `action: net.connect, from: web, to: "${to}"${more}, decision: ${decision}`;

/** policy.yaml after an import. */
function imported(text: string, from: string): string {
  return planImport(text, read(text), rulesToImport(from, "new.yaml")).text;
}

/** What is decided about an example of this rule. */
function decided(text: string, rule: string): string | null {
  const [one] = read(fileOf(rule));
  const example = one === undefined ? null : exampleOf(one, VMS);
  return example === null ? null : evaluate(read(text), example, CIRCUMSTANCES).decision;
}

describe("an export", () => {
  it("is a policy of its own with the same rules", () => {
    const rules = read(DEFAULT_POLICY);
    const again = read(exportedRules(rules, null));
    expect(again.map(({ text }) => text)).toEqual(rules.map(({ text }) => text));
    const timed = read(
      fileOf(connect("a.example", "allow", ", until: 2027-01-01T00:00:00Z, notify: true, scan: true")),
    );
    const asking = read(
      fileOf("action: file.send, from: a, to: b, decision: allow, scan: true, scanners: one, unscanned: ask"),
    );
    expect(read(exportedRules(asking, null))).toMatchObject([
      { scan: true, oneScannerSuffices: true, asksUnscanned: true },
    ]);
    expect(read(exportedRules(timed, null))).toMatchObject([{ until: timed[0]?.until, notify: true, scan: true }]);
  });

  it("of one action has the rules that name it, and says so where there is none", () => {
    const rules = read(DEFAULT_POLICY);
    expect(read(exportedRules(rules, "net.connect")).map(({ words }) => words.from)).toEqual([
      "@role:vault",
      "@role:app",
    ]);
    expect(read(exportedRules([], null))).toEqual([]);
  });
});

describe("an import", () => {
  it("comes after what denies, in its order, and before the deny of everything", () => {
    const text = imported(DEFAULT_POLICY, fileOf(connect("*.corp.example", "deny"), connect("*.example", "allow")));
    expect(decided(text, connect("a.corp.example", "deny"))).toBe("deny");
    expect(decided(text, connect("a.example", "allow"))).toBe("allow");
    const words = read(text).map(({ words: { from, to } }) => `${from} ${to}`);
    expect(words.indexOf("web *.corp.example")).toBeGreaterThan(words.lastIndexOf("@role:vault @any"));
    expect(text.replace(/ {2}# Imported\.\n(?: {2}- action: net.connect\n(?: {4}.*\n)+){2}/, "")).toBe(DEFAULT_POLICY);
  });

  it("does not open what a person has denied", () => {
    const own = DEFAULT_POLICY.replace(
      "rules:\n",
      "rules:\n  - action: net.connect\n    from: web\n    to: bad.example\n    decision: deny\n",
    );
    const text = imported(own, fileOf(connect("bad.example", "allow")));
    expect(decided(text, connect("bad.example", "allow"))).toBe("deny");
  });

  it("does not open what a last rule of a person's denies for one action", () => {
    const own = fileOf('action: net.connect, from: "@any", to: "@any", decision: deny');
    expect(decided(imported(own, fileOf(connect("a.example", "allow"))), connect("a.example", "allow"))).toBe("deny");
  });

  it("does not open a way to another VM that a person has denied", () => {
    const way = (decision: string): string => connect("@vm:home:631", decision);
    for (const deny of [way("deny"), connect("@any", "deny")])
      expect(decided(imported(fileOf(deny), fileOf(way("allow"))), way("allow"))).toBe("deny");
    expect(decided(imported(DEFAULT_POLICY, fileOf(way("allow"))), way("allow"))).toBe("allow");
  });

  it("adds only what is not there yet, once", () => {
    const more = fileOf(connect("a.example", "allow"), connect("a.example", "allow"));
    const once = imported(DEFAULT_POLICY, more);
    expect(read(once)).toHaveLength(read(DEFAULT_POLICY).length + 1);
    expect(imported(once, more)).toBe(once);
    expect(imported("rules: []\n", more)).toContain("to: a.example");
  });

  it.each([
    ["a mistake", "rules:\n  - {action: nothing}\n", "new.yaml:2:14: rules.0.action"],
    ["no rules", "tests: []\n", 'new.yaml has no rules: they stand in a list, "rules:".'],
    ["no YAML", "rules: [", "new.yaml:1:9"],
    [
      "too many",
      fileOf(...Array.from({ length: MAX_IMPORTED_RULES + 1 }, (_, at) => connect(`a${at}.example`, "allow"))),
      `${MAX_IMPORTED_RULES + 1} rules`,
    ],
  ])("with %s is refused with the place", (_, text, words) => {
    expect(() => rulesToImport(text, "new.yaml")).toThrow(words);
  });
});

/** As the rule at the end of the shipped file: it denies nothing in particular. */
function deniesEverything({ action, from, to, type, decision }: Rule): boolean {
  return action === null && decision === "deny" && from.kind === "any" && to.kind === "any" && type === null;
}

it("whatever is imported, what a rule for something denies stays denied, and what is asked each time is asked", () => {
  const name = fc.constantFrom("home", "web", "@any", "@label:lagoon");
  const rule = fc
    .record({
      action: fc.constantFrom("clipboard.paste", "file.send", "@any"),
      from: name,
      to: name,
      more: fc.constantFrom("", ", maxBytes: 10", ", scan: true", ", type: text/plain", ", always: false"),
      decision: fc.constantFrom(...POLICY_DECISIONS),
    })
    .filter(({ action, more }) => action !== "file.send" || !more.includes("type"))
    .map(
      ({ action, from, to, more, decision }) =>
        `action: "${action}", from: "${from}", to: "${to}"${more}, decision: ${decision}`,
    );
  const file = fc.array(rule, { maxLength: 6 }).map((rules) => (rules.length === 0 ? "rules: []\n" : fileOf(...rules)));
  const crossing: fc.Arbitrary<Crossing> = fc.record({
    action: fc.constantFrom("clipboard.paste", "file.send"),
    from: fc.constantFrom(...VMS),
    to: fc.constantFrom(...VMS),
    type: fc.constantFrom(null, "text/plain"),
    bytes: fc.constantFrom(null, 5, 50),
  });
  let kept = 0;
  fc.assert(
    fc.property(file, fc.array(rule, { minLength: 1, maxLength: 4 }), crossing, (text, added, asked) => {
      const before = evaluate(read(text), asked, CIRCUMSTANCES);
      const after = evaluate(read(imported(text, fileOf(...added))), asked, CIRCUMSTANCES);
      const { rule: by } = before;
      if (by === null || deniesEverything(by)) return;
      const isKept = before.decision === "deny" || (before.decision === "ask" && !by.offersAlways);
      if (!isKept) return;
      kept += 1;
      expect([after.decision, after.rule?.text]).toEqual([before.decision, by.text]);
    }),
  );
  // It has been tried at all.
  expect(kept).toBeGreaterThan(0);
});
