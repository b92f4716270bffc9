import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { auditContract } from "#shared/ipc/audit.ts";
import type { RequestInput, RequestName, RequestOutput } from "#shared/ipc/index.ts";
import { policyContract } from "#shared/ipc/policy.ts";
import { POLICY_ACTIONS } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { auditHandlers } from "../audit/requests.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, PAGE_CALLER } from "../ipc/testing/checked.ts";
import type { VmParty } from "./crossing.ts";
import { DEFAULT_POLICY } from "./default-policy.ts";
import { partyView } from "./party-view.ts";
import { Policy } from "./policy.ts";
import { PolicyChanges } from "./policy-changes.ts";
import { policyHandlers } from "./requests.ts";

function vm(name: string, digit: number, more: Partial<VmParty> = {}): VmParty {
  const id = `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as VmId;
  return { kind: "vm", id, name, label: "lagoon", role: "app", template: "debian", ...more };
}
const HOME = vm("home", 1);
const WEB = vm("web", 2, { label: "coral" });
const PAIR = { action: "clipboard.paste", from: "home", to: "web" } as const;
const CROSSING = { action: "clipboard.paste", from: HOME, to: WEB, type: null, bytes: null } as const;

let folder: string;
let vms: VmParty[];
let now: number;
let elapsed: number;
let policy: Policy;
let changes: PolicyChanges;
let audit: AuditLog;
let dispatcher: Dispatcher;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-changes-"));
  vms = [HOME, WEB];
  now = Date.parse("2026-11-28T12:00:00Z");
  elapsed = 0;
  const clocks = { now: () => now, elapsed: () => elapsed };
  policy = new Policy({ configFolder: folder, stateFolder: folder, vms: () => vms, ...clocks });
  await policy.open();
  changes = new PolicyChanges(policy, clocks);
  audit = new AuditLog({ stateFolder: folder });
  await audit.open();
  const domains = { policy: policyContract, audit: auditContract };
  const handlers = {
    policy: policyHandlers({ policy, policyChanges: changes, audit }),
    audit: auditHandlers({ audit }),
  };
  dispatcher = Dispatcher.of(domains, handlers, { checksOutputs: true });
});

afterEach(async () => {
  await audit.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

async function ask<Name extends RequestName<"page">>(
  name: Name,
  input: RequestInput<Name>,
): Promise<RequestOutput<Name>> {
  return (await called(dispatcher, PAGE_CALLER, name, input)) as RequestOutput<Name>;
}

const decision = (from = "home", to = "web"): string => policy.check("clipboard.paste", from, to, null).decision;

describe("a cell", () => {
  it("is changed for this pair and way alone, with everything else as it was, and undone", async () => {
    const { change, rule } = await ask("policy.setCell", { ...PAIR, decision: "allow" });
    expect([decision(), decision("web", "home")]).toEqual(["allow", "ask"]);
    const text = await policy.text();
    expect(text.split("\n")[(rule?.line ?? 0) - 1]).toBe("  - action: clipboard.paste");
    const lines = text.split("\n");
    expect([...lines.slice(0, (rule?.line ?? 0) - 1), ...lines.slice((rule?.line ?? 0) + 3)].join("\n")).toBe(
      DEFAULT_POLICY,
    );
    await ask("policy.undo", { change });
    expect([decision(), await policy.text()]).toEqual(["ask", DEFAULT_POLICY]);
  });

  it("that has its own rule has one afterwards, too", async () => {
    await ask("policy.setCell", { ...PAIR, decision: "allow" });
    await ask("policy.setCell", { ...PAIR, decision: "deny", minutes: 10 });
    expect(policy.rules.filter(({ from }) => from === "home")).toMatchObject([
      { decision: "deny", until: "2026-11-28T12:10:00.000Z" },
    ]);
    expect(decision()).toBe("deny");
  });

  it("is not changed where a test of the file fails then", async () => {
    await policy.replace(
      DEFAULT_POLICY,
      `${DEFAULT_POLICY}  - {action: clipboard.paste, from: home, to: web, expect: ask}\n`,
    );
    const before = await policy.text();
    expect((await ask("policy.tryCell", { ...PAIR, decision: "allow" })).tests.at(-1)).toMatchObject({ ok: false });
    await expect(ask("policy.setCell", { ...PAIR, decision: "allow" })).rejects.toMatchObject({
      code: "policy.broken",
    });
    expect([decision(), await policy.text()]).toEqual(["ask", before]);
  });

  it("says beforehand what it would have changed", async () => {
    const entry = {
      ...PAIR,
      from: partyView(HOME),
      to: partyView(WEB),
      type: null,
      bytes: null,
      rule: null,
      detail: "",
    };
    await audit.append({ ...entry, decision: "deny", by: "rule" });
    await audit.append({ ...entry, decision: "allow", by: "person" });
    await audit.append({ ...entry, from: partyView(WEB), to: partyView(HOME), decision: "deny", by: "rule" });
    expect(await ask("policy.tryCell", { ...PAIR, decision: "allow" })).toMatchObject({
      flips: 1,
      rule: { line: expect.any(Number) as number },
    });
    expect(await ask("policy.tryCell", { ...PAIR, decision: "deny" })).toMatchObject({ flips: 1 });
    expect(await policy.text()).toBe(DEFAULT_POLICY);
  });

  it("and another one that is changed at the same time are both changed", async () => {
    const back = { ...PAIR, from: "web", to: "home" };
    const made = await Promise.all([
      ask("policy.setCell", { ...PAIR, decision: "allow" }),
      ask("policy.setCell", { ...back, decision: "deny" }),
    ]);
    expect([decision(), decision("web", "home")]).toEqual(["allow", "deny"]);
    for (const { change } of made.toReversed()) await ask("policy.undo", { change });
    expect(await policy.text()).toBe(DEFAULT_POLICY);
  });

  it("cannot be undone when the file was edited since", async () => {
    const { change } = await ask("policy.setCell", { ...PAIR, decision: "allow" });
    await policy.change((text) => `# mine\n${text}`);
    await expect(ask("policy.undo", { change })).rejects.toMatchObject({ code: "policy.changed" });
    expect(await policy.text()).toContain("# mine");
  });
});

describe("a rule", () => {
  it("is taken back by its line, if it still says what was shown", async () => {
    const { rule } = await ask("policy.setCell", { ...PAIR, decision: "allow" });
    if (rule === null) return expect.unreachable();
    await expect(ask("policy.takeBack", { ...rule, line: rule.line + 4 })).rejects.toMatchObject({
      code: "policy.changed",
    });
    expect(await ask("policy.takeBack", rule)).toMatchObject({ rule: null });
    expect(await policy.text()).toBe(DEFAULT_POLICY);
  });

  it.each([
    [
      "between comments",
      "# a\nrules:\n  # b\n  - action: exec # c\n    from: '@host'\n\n    to: web\n    decision: deny\n\n  # d\ntests: []\n",
    ],
    ["without a last line feed", "rules:\n  - action: exec\n    from: '@host'\n    to: web\n    decision: deny"],
    ["on one line", "rules: [{action: exec, from: '@host', to: web, decision: deny}] # c\n"],
    ["not at all", "# nothing yet\n"],
    ["after tests", "tests: []\nrules:\n- {action: exec, from: '@host', to: web, decision: deny}\n"],
  ])("is put into a file whose rules stand %s", async (_how, text) => {
    await policy.replace(await policy.text(), text);
    await ask("policy.setCell", { ...PAIR, decision: "allow" });
    expect(decision()).toBe("allow");
    const exec = policy.check("exec", "@host", "web", null);
    expect(exec.decision).toBe("deny");
    for (const [comment] of text.matchAll(/# \w/g)) expect(await policy.text()).toContain(comment);
    await ask("policy.takeBack", policy.check("clipboard.paste", "home", "web", null).rule ?? expect.unreachable());
    expect([decision(), policy.rules.length]).toEqual(["deny", text.includes("exec") ? 1 : 0]);
  });

  it("with a name that is no plain word of YAML is written so that it is that name", async () => {
    vms = [vm("123", 5), vm("null", 6)];
    policy.vmsChanged();
    await ask("policy.setCell", { ...PAIR, from: "123", to: "null", decision: "deny" });
    expect(decision("123", "null")).toBe("deny");
  });
});

describe("an answer to a prompt", () => {
  const asked = () => policy.decide(CROSSING).rule ?? expect.unreachable();

  it("for 10 minutes ends by the host's clock, and is replaced by the next one", async () => {
    await changes.answer(CROSSING, asked(), "minutes");
    expect(decision()).toBe("allow");
    now += 10 * 60_000;
    expect(decision()).toBe("ask");
    await changes.answer(CROSSING, asked(), "minutes");
    expect(policy.rules.filter(({ from }) => from === "home")).toHaveLength(1);
    expect((await policy.text()).match(/Answered at a prompt/g)).toHaveLength(1);
  });

  it("does not last longer because the clock was set back, not even when the file is read again", async () => {
    await changes.answer(CROSSING, asked(), "minutes");
    now -= 86_400_000;
    elapsed += 10 * 60_000 - 1;
    expect(decision()).toBe("allow");
    elapsed += 1;
    expect(decision()).toBe("ask");
    await policy.load();
    expect(decision()).toBe("ask");
    const text = await policy.text();
    fs.writeFileSync(policy.file, "rules: 1");
    await policy.load();
    fs.writeFileSync(policy.file, text);
    await policy.load();
    expect(decision()).toBe("ask");
  });

  /** What the application's next run decides. */
  async function started(): Promise<string> {
    const clocks = { now: () => now, elapsed: () => elapsed };
    const next = new Policy({ configFolder: folder, stateFolder: folder, vms: () => vms, ...clocks });
    await next.open();
    return next.check("clipboard.paste", "home", "web", null).decision;
  }

  it("does not come back with the application's next start, when the clock was set back", async () => {
    await changes.answer(CROSSING, asked(), "minutes");
    expect([decision(), await started()]).toEqual(["allow", "allow"]);
    elapsed += 10 * 60_000;
    expect(decision()).toBe("ask");
    now -= 86_400_000;
    expect(await started()).toBe("ask");
    // The next answer is another rule, with an end of its own.
    now += 3 * 86_400_000;
    await changes.answer(CROSSING, asked(), "minutes");
    expect([decision(), await started()]).toEqual(["allow", "allow"]);
    expect(fs.readFileSync(path.join(folder, "policy-ended.json"), "utf8")).toBe("[]");
  });

  it.each([
    ["nobody asked after its end, and the file is read again", () => policy.load()],
    ["it ended while the application did not run", () => Promise.resolve()],
  ])("does not come back where %s", async (_where, act) => {
    await changes.answer(CROSSING, asked(), "minutes");
    [now, elapsed] = [now + 11 * 60_000, elapsed + 11 * 60_000];
    await act();
    expect(await started()).toBe("ask");
    now -= 86_400_000;
    expect(await started()).toBe("ask");
  });

  it.each([
    ["always", "always"],
    ["minutes", "minutes"],
    ["minutes", "always"],
    ["always", "minutes"],
  ] as const)(
    "and one to another prompt about the pair, before its rule is written, make one rule: %s, %s",
    async (...both) => {
      const told: unknown[] = [];
      changes.on("answered", (change) => told.push(change));
      const rule = asked();
      const [first, second] = await Promise.all(both.map((answer) => changes.answer(CROSSING, rule, answer)));
      const until = both.some((answer) => answer === "always") ? null : "2026-11-28T12:10:00.000Z";
      expect(policy.rules.filter(({ from }) => from === "home")).toMatchObject([{ decision: "allow", until }]);
      expect((await policy.text()).match(/Answered at a prompt/g)).toHaveLength(1);
      const isExtended = both[0] === "minutes" && both[1] === "always";
      expect(second).toEqual(isExtended ? expect.objectContaining({ rule: expect.anything() as unknown }) : null);
      expect(told).toEqual(isExtended ? [first, second] : [first]);
    },
  );

  it("for 10 minutes more, while those before go on, has the later end alone", async () => {
    const rule = asked();
    await changes.answer(CROSSING, rule, "minutes");
    now += 60_000;
    await changes.answer(CROSSING, rule, "minutes");
    expect(policy.rules.filter(({ from }) => from === "home")).toMatchObject([{ until: "2026-11-28T12:11:00.000Z" }]);
  });

  it("keeps the limits of the rule that asked", async () => {
    const text =
      "rules:\n  - {action: clipboard.paste, from: '@any', to: '@any', type: text/*, maxBytes: 10, notify: true, decision: ask}\n";
    await policy.replace(await policy.text(), text);
    const typed = { ...CROSSING, type: "text/plain" };
    const written = await changes.answer(typed, policy.decide(typed).rule ?? expect.unreachable(), "always");
    expect(written?.rule?.text).toContain("type: text/*, maxBytes: 10, notify: true, decision: allow");
    expect(policy.decide({ ...typed, bytes: 11 }).decision).toBe("deny");
    expect(policy.decide({ ...typed, type: "image/png" }).decision).toBe("deny");
  });

  it("is not written where the rule that asked is another by now", async () => {
    const rule = asked();
    await policy.change((text) => `# one line more\n${text}`);
    await expect(changes.answer(CROSSING, rule, "always")).rejects.toMatchObject({ code: "policy.changed" });
  });
});

describe("the matrix", () => {
  it.each(POLICY_ACTIONS)("of %s says what enforcement says", async (action) => {
    const { rows, columns, cells } = await ask("policy.matrix", { action });
    expect(rows.map(({ word }) => word)).toEqual(["@host", "home", "web"]);
    for (const [y, from] of rows.entries())
      for (const [x, to] of columns.entries()) {
        const cell = cells[y]?.[x];
        if (from.word === to.word) expect(cell).toBeNull();
        else if (to.word !== "@internet") expect(cell).toMatchObject(policy.check(action, from.word, to.word, null));
      }
  });

  it("knows a pair's own rule, its end, and who cannot be named", async () => {
    await ask("policy.setCell", { ...PAIR, decision: "allow", minutes: 1 });
    vms = [vm("home", 7), WEB, vm("keys", 8, { role: "vault" })];
    policy.vmsChanged();
    const { rows, cells } = await ask("policy.matrix", { action: "clipboard.paste" });
    expect(rows[1]?.fixed).toContain("was removed");
    expect(cells[1]?.[2]).toMatchObject({ decision: "ask", isOwn: false });
    expect(cells[3]?.[2]).toMatchObject({ decision: "ask", asksEachTime: true });
    vms = [HOME, WEB];
    const back = await ask("policy.matrix", { action: "clipboard.paste" });
    expect(back.cells[1]?.[2]).toMatchObject({ isOwn: true, until: "2026-11-28T12:01:00.000Z" });
  });

  it("has a column for each destination and service that a rule names", async () => {
    await policy.replace(
      await policy.text(),
      "rules:\n  - {action: net.connect, from: home, to: 'a.example:443', decision: allow}\n  - {action: service.use, from: home, to: yara, decision: allow}\n",
    );
    const net = await ask("policy.matrix", { action: "net.connect" });
    expect(net.columns.map(({ word }) => word)).toEqual(["@internet", "a.example:443"]);
    expect(net.cells[1]?.map((cell) => cell?.decision)).toEqual(["deny", "allow"]);
    expect((await ask("policy.matrix", { action: "service.use" })).columns.map(({ word }) => word)).toEqual(["yara"]);
  });
});

it("the matrix has a column for each VM that a rule opens a way to, and the cell says so", async () => {
  const way = (to: string): string => `  - {action: net.connect, from: home, to: '${to}', decision: allow}\n`;
  await policy.replace(await policy.text(), `rules:\n${way("@vm:web:631")}${way("@vm:none")}${way("@any")}`);
  const { columns, cells } = await ask("policy.matrix", { action: "net.connect" });
  expect(columns.map(({ word, party }) => [word, party])).toEqual([
    ["@internet", { kind: "destination", name: "@internet" }],
    ["@vm:web:631", { kind: "destination", name: "@vm:web:631" }],
  ]);
  // Of the host, of home and of web, which is itself.
  expect(cells.map((row) => row[1]?.decision)).toEqual(["deny", "allow", undefined]);
  expect(cells[1]?.[1]).toMatchObject({ isOwn: true, rule: { line: 2 } });
  await ask("policy.setCell", {
    action: "net.connect",
    from: "home",
    to: "@vm:web:631",
    decision: "deny",
    minutes: null,
  });
  expect(policy.check("net.connect", "home", "@vm:web:631", null).decision).toBe("deny");
  await expect(
    ask("policy.setCell", { action: "net.connect", from: "home", to: "@vm:web:631", decision: "ask", minutes: null }),
  ).rejects.toMatchObject({ code: "policy.broken" });
  vms = [vms[0] ?? WEB, vm("web", 8)];
  policy.vmsChanged();
  expect((await ask("policy.matrix", { action: "net.connect" })).columns[1]?.fixed).toContain("was removed");
  await ask("policy.deleteRules", { name: "web" });
  expect(policy.rules.map(({ to }) => to)).toEqual(["@vm:none", "@any"]);
});

describe("the state of the file", () => {
  it("is in force", async () => {
    expect(await ask("policy.state", {})).toEqual({ state: "in-force", problem: null, hasLastGood: true, unbound: [] });
  });

  it("is broken: all is denied, and the last good one can be the file again", async () => {
    fs.writeFileSync(policy.file, "rules: 1");
    await policy.load();
    expect([await ask("policy.state", {}), decision()]).toMatchObject([
      { state: "broken", problem: { line: 1 } },
      "deny",
    ]);
    const { change } = await ask("policy.restore", {});
    expect([await policy.text(), decision()]).toEqual([DEFAULT_POLICY, "ask"]);
    await expect(ask("policy.undo", { change })).rejects.toMatchObject({ code: "policy.broken" });
  });

  it("is broken where a person has deleted it, and the last good one can be the file again", async () => {
    fs.rmSync(policy.file);
    await policy.load();
    expect([await ask("policy.state", {}), decision()]).toMatchObject([{ state: "broken", hasLastGood: true }, "deny"]);
    // A rule alone would be a policy without what the person has denied.
    await expect(ask("policy.setCell", { ...PAIR, decision: "allow" })).rejects.toMatchObject({
      code: "policy.broken",
    });
    await ask("policy.restore", {});
    expect([await policy.text(), decision()]).toEqual([DEFAULT_POLICY, "ask"]);
  });

  it("is not taken where a test fails", async () => {
    fs.writeFileSync(
      policy.file,
      `${DEFAULT_POLICY}  - {action: clipboard.paste, from: home, to: web, expect: deny}\n`,
    );
    await policy.load();
    expect([await ask("policy.state", {}), decision()]).toMatchObject([{ state: "not-taken" }, "ask"]);
  });

  it("names what means no VM; a person takes its rules over, or deletes them", async () => {
    await ask("policy.setCell", { ...PAIR, decision: "allow" });
    vms = [vm("home", 7), WEB];
    policy.vmsChanged();
    const { unbound } = await ask("policy.state", {});
    expect(unbound).toMatchObject([{ name: "home", fate: "removed", hasHeir: true, lines: [expect.any(Number)] }]);
    expect(decision()).toBe("ask");
    await ask("policy.takeOver", { name: "home" });
    expect([decision(), (await ask("policy.state", {})).unbound]).toEqual(["allow", []]);
    await ask("policy.deleteRules", { name: "home" });
    expect([decision(), await policy.text()]).toEqual(["ask", DEFAULT_POLICY]);
    await expect(ask("policy.takeOver", { name: "none" })).rejects.toMatchObject({ code: "vm.not-found" });
  });
});

it("5,000 rules are read, and the last of them decides", async () => {
  const rules = Array.from(
    { length: 4999 },
    (_, at) => `  - {action: clipboard.paste, from: vm-${at}, to: web, decision: deny}\n`,
  );
  const text = `rules:\n${rules.join("")}  - {action: clipboard.paste, from: home, to: web, decision: allow}\n`;
  await policy.replace(await policy.text(), text);
  expect(policy.check("clipboard.paste", "home", "web", null)).toMatchObject({
    decision: "allow",
    rule: { line: 5001 },
  });
});

describe("an import", () => {
  const file = { name: "team.yaml", text: "" };
  const rule = (to: string, decision: string): string =>
    `  - {action: net.connect, from: web, to: "${to}", decision: ${decision}}\n`;

  it("says what it would change, does that, and is undone", async () => {
    const own = DEFAULT_POLICY.replace("rules:\n", `rules:\n${rule("bad.example", "deny")}`);
    await policy.replace(DEFAULT_POLICY, own);
    const text = `rules:\n${rule("bad.example", "allow")}${rule("10.0.0.1", "allow")}${rule("bad.example", "deny")}`;
    const preview = await ask("policy.tryImport", { ...file, text });
    expect(preview.added.map((one) => [one.before, one.after])).toEqual([
      ["deny", "deny"],
      ["deny", "allow"],
    ]);
    expect([preview.known, preview.tests.every(({ ok }) => ok), await policy.text()]).toEqual([1, true, own]);
    const { change, rule: first } = await ask("policy.import", { ...file, text });
    expect(first?.text).toContain("to: bad.example, decision: allow");
    expect(policy.check("net.connect", "web", "10.0.0.1", null).decision).toBe("allow");
    expect(policy.check("net.connect", "web", "bad.example", null).decision).toBe("deny");
    await ask("policy.undo", { change });
    expect(await policy.text()).toBe(own);
  });

  it("takes what an export wrote, and nothing where all is there", async () => {
    const { text } = await ask("policy.export", { action: "net.connect" });
    expect(text).toContain('from: "@role:vault"');
    expect(await ask("policy.tryImport", { ...file, text })).toMatchObject({ added: [], known: 2 });
    await ask("policy.import", { ...file, text });
    expect(await policy.text()).toBe(DEFAULT_POLICY);
  });

  it("is refused with the file's name and place, and where a test of the policy would fail", async () => {
    await expect(ask("policy.import", { ...file, text: "rules: 1\n" })).rejects.toThrow("team.yaml:1:8");
    const expecting = `${DEFAULT_POLICY}  - {action: net.connect, from: web, to: "10.0.0.1", expect: deny}\n`;
    await policy.replace(DEFAULT_POLICY, expecting);
    const text = `rules:\n${rule("10.0.0.1", "allow")}`;
    expect((await ask("policy.tryImport", { ...file, text })).tests.at(-1)).toMatchObject({ ok: false });
    await expect(ask("policy.import", { ...file, text })).rejects.toMatchObject({ code: "policy.broken" });
    expect(await policy.text()).toBe(expecting);
  });
});
