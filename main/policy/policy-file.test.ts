import { describe, expect, it } from "vitest";
import { readPolicy } from "./policy-file.ts";

const FILE = "/config/policy.yaml";

function rulesOf(text: string) {
  const read = readPolicy(text, FILE);
  if (!read.ok) throw new Error(read.problem.reason);
  return read.value.rules;
}

function problemOf(text: string) {
  const read = readPolicy(text, FILE);
  if (read.ok) throw new Error("it was taken");
  return read.problem;
}

const rule = (fields: string): string => `rules:\n  - ${fields.split("\n").join("\n    ")}\n`;

it("reads rules with their lines, comments between them", () => {
  const [first, second] = rulesOf(`# mine
rules:
  # first
  - action: clipboard.paste
    from: home
    to: "@label:coral"
    type: text/*
    maxBytes: 1000
    until: 2026-12-24T18:00:00Z
    decision: ask
    notify: true

  - {action: "@any", from: "@any", to: "@any", decision: deny}
`);
  expect(first).toMatchObject({
    line: 4,
    text: "action: clipboard.paste, from: home, to: @label:coral, type: text/*, maxBytes: 1000, until: 2026-12-24T18:00:00Z, notify: true, decision: ask",
    action: "clipboard.paste",
    from: { kind: "vm", name: "home" },
    to: { kind: "label", label: "coral" },
    type: "text/*",
    maxBytes: 1000,
    until: Date.parse("2026-12-24T18:00:00Z"),
    decision: "ask",
    notify: true,
    scan: false,
    oneScannerSuffices: false,
    asksUnscanned: false,
    offersAlways: true,
  });
  expect(second).toMatchObject({ line: 13, action: null, from: { kind: "any" }, to: { kind: "any" } });
});

it.each([
  "@vm:",
  "@vm:B",
  "@vm:b:0",
  "@vm:b:70000",
  "@vm:b:80/sctp",
  "@vm:b.example",
  "@vm:*",
  "@vm:10.0.0.1",
  "@VM:b",
])("refuses %s as a VM to connect to", (to) => {
  expect(
    problemOf(
      rule(`action: net.connect
from: a
to: "${to}"
decision: deny`),
    ),
  ).toMatchObject({ line: 4 });
});

it("reads what a person expects, and names it by its line where it has no name", () => {
  const read = readPolicy(
    "tests:\n  - name: a vault\n    action: exec\n    from: '@role:vault'\n    to: web\n    expect: deny\n  - {action: url.open, from: a, to: b, expect: ask}\n",
    FILE,
  );
  expect(read.ok && read.value.tests.map(({ line, name, expect: expected }) => [line, name, expected])).toEqual([
    [2, "a vault", "deny"],
    [7, "line 7", "ask"],
  ]);
});

it.each([[""], ["rules:\n"], ["rules: []\ntests:\n"]])("an empty file has no rules: %j", (text) => {
  expect(rulesOf(text)).toEqual([]);
});

describe("refuses, with the place,", () => {
  it.each([
    ["what is no YAML", "rules: [\n", 2, ""],
    ["a field that nobody knows", rule("action: exec\nfrom: a\nto: b\ndecision: deny\ntipe: x"), 6, "rules.0.tipe"],
    ["another action", rule("action: clipboard.copy\nfrom: a\nto: b\ndecision: deny"), 2, "rules.0.action"],
    ["another decision", rule("action: exec\nfrom: a\nto: b\ndecision: maybe"), 5, "rules.0.decision"],
    ["a rule without a decision", rule("action: exec\nfrom: a\nto: b"), 2, "rules.0.decision"],
    ["a name that no VM can have", rule("action: exec\nfrom: Home\nto: b\ndecision: deny"), 3, "rules.0.from"],
    ["a label that is none", rule('action: exec\nfrom: "@label:red"\nto: b\ndecision: deny'), 3, "rules.0.from"],
    ["a role that is none", rule('action: exec\nfrom: "@role:king"\nto: b\ndecision: deny'), 3, "rules.0.from"],
    ["another group", rule('action: exec\nfrom: "@all"\nto: b\ndecision: deny'), 3, "rules.0.from"],
    ["the same label as itself", rule('action: exec\nfrom: "@same-label"\nto: b\ndecision: deny'), 3, "rules.0.from"],
    [
      "the internet as a place to paste",
      rule('action: clipboard.paste\nfrom: a\nto: "@internet"\ndecision: deny'),
      4,
      "rules.0.to",
    ],
    [
      "a label as a place to connect to",
      rule('action: net.connect\nfrom: a\nto: "@same-label"\ndecision: deny'),
      4,
      "rules.0.to",
    ],
    ["a port that is none", rule("action: net.connect\nfrom: a\nto: a.example:70000\ndecision: deny"), 4, "rules.0.to"],
    [
      "a question about a connection to a VM",
      rule('action: net.connect\nfrom: a\nto: "@vm:b"\ndecision: ask'),
      ...([5, "rules.0.decision"] as const),
    ],
    [
      "a VM to connect to of another action",
      rule('action: exec\nfrom: a\nto: "@vm:b"\ndecision: deny'),
      4,
      "rules.0.to",
    ],
    ["the same of any", rule('action: "@any"\nfrom: a\nto: "@vm:b"\ndecision: deny'), 4, "rules.0.to"],
    ["a type that is none", rule("action: exec\nfrom: a\nto: b\ntype: text\ndecision: deny"), 5, "rules.0.type"],
    [
      "a type of files that are sent, which would match nothing",
      rule("action: file.send\nfrom: a\nto: b\ntype: application/pdf\ndecision: deny"),
      ...([5, "rules.0.type"] as const),
    ],
    [
      "a test with such a type",
      "rules: []\ntests:\n  - {action: file.send, from: a, to: b, type: application/pdf, expect: deny}\n",
      ...([3, "tests.0.type"] as const),
    ],
    ["a time that is none", rule("action: exec\nfrom: a\nto: b\nuntil: tomorrow\ndecision: deny"), 5, "rules.0.until"],
    [
      "a question about what was not scanned, of connections",
      rule("action: net.connect\nfrom: a\nto: b.example\nscan: true\nunscanned: ask\ndecision: allow"),
      ...([6, "rules.0.unscanned"] as const),
    ],
    [
      "the same without a scan",
      rule("action: file.send\nfrom: a\nto: b\nunscanned: ask\ndecision: allow"),
      ...([5, "rules.0.unscanned"] as const),
    ],
    [
      "how many scanners have to pass what is not scanned",
      rule("action: file.send\nfrom: a\nto: b\nscanners: one\ndecision: allow"),
      ...([5, "rules.0.scanners"] as const),
    ],
    [
      "a number of scanners that is none",
      rule("action: file.send\nfrom: a\nto: b\nscan: true\nscanners: most\ndecision: allow"),
      ...([6, "rules.0.scanners"] as const),
    ],
    ["a size below nothing", rule("action: exec\nfrom: a\nto: b\nmaxBytes: -1\ndecision: deny"), 5, "rules.0.maxBytes"],
    ["rules that are no list", "rules:\n  action: exec\n", 1, "rules"],
    ["a test of any action", "tests:\n  - {action: '@any', from: a, to: b, expect: deny}\n", 2, "tests.0.action"],
  ])("%s", (_what, text, line, where) => {
    const problem = problemOf(text);
    expect(problem).toMatchObject({ file: FILE, line });
    expect(problem.reason).toContain(where);
  });
});
