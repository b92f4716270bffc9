// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge, RequestOutput } from "#shared/ipc/index.ts";
import type { AuditEntry } from "#shared/model/crossing.ts";
import type { VmId } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf, write } from "../../ui/testing.tsx";
import type { MatrixCell } from "./matrix-model.ts";
import { PolicyView } from "./PolicyView.tsx";

const party = (name: string) => ({ kind: "vm", id: name as VmId, name, label: "lagoon", role: "app" }) as const;
const row = (name: string) => ({ word: name, party: party(name), fixed: null });
const HOST = { word: "@host", party: { kind: "host" } as const, fixed: null };
const cell = (change: Partial<MatrixCell> = {}): MatrixCell => ({
  decision: "ask",
  rule: { line: 71, text: "clipboard.paste from @any to @any: ask" },
  explanation: "Line 71 asks.",
  isOwn: false,
  asksEachTime: false,
  until: null,
  ...change,
});
const OWN = cell({ decision: "allow", isOwn: true, rule: { line: 9, text: "own" } });
const entry = (change: Partial<AuditEntry> = {}): AuditEntry => ({
  seq: 12,
  time: new Date().toISOString(),
  action: "clipboard.paste",
  from: party("home"),
  to: party("web"),
  type: "text/plain",
  bytes: 36,
  characters: 34,
  decision: "allow",
  rule: { line: 9, text: "own" },
  by: "rule",
  detail: "“fo\u{202e}ot”",
  ...change,
});

let drawn: Drawn;
let answers: Record<string, unknown>;
let asked: [name: string, input: unknown][];
let listeners: Map<string, () => void>;
/** No request is answered before; null: each at once. */
let held: Promise<void> | null;
const bridge = {
  request: async (name: string, input: unknown) => {
    asked.push([name, input]);
    if (held !== null) await held;
    return { ok: true, value: answers[name] ?? null };
  },
  on: (name: string, listener: () => void) => {
    listeners.set(name, listener);
    return () => listeners.delete(name);
  },
} as unknown as AtollBridge;
const lastOf = (name: string): unknown => asked.findLast(([one]) => one === name)?.[1];
const countOf = (name: string): number => asked.filter(([one]) => one === name).length;
const squares = (): (string | null)[] =>
  [...document.querySelectorAll(".matrix-cell")].map((one) => one.getAttribute("aria-label"));
const inspector = (): string | null => document.querySelector(".inspector")?.textContent ?? null;

beforeEach(async () => {
  asked = [];
  listeners = new Map();
  const matrix: RequestOutput<"policy.matrix"> = {
    rows: [row("home"), row("web"), HOST],
    columns: [row("home"), row("web"), HOST],
    cells: [
      [null, OWN, cell({ asksEachTime: true })],
      [cell({ until: "2026-11-28T10:07:00Z", decision: "allow" }), null, cell()],
      [cell({ decision: "deny", rule: null }), cell(), null],
    ],
  };
  answers = {
    "policy.state": { state: "in-force", problem: null, hasLastGood: false, unbound: [] },
    "policy.list": { rules: [], problems: [] },
    "policy.test": [],
    "policy.matrix": matrix,
    "policy.tryCell": { rule: { line: 5, text: "new" }, tests: [{ name: "vault", ok: true }], flips: 14 },
    "policy.setCell": { change: 3, rule: { line: 5, text: "new" } },
    "policy.takeBack": { change: 4, rule: null },
    "policy.deleteRules": { change: 5, rule: null },
    "policy.restore": { change: 6, rule: null },
    "audit.list": { entries: [entry()], hasMore: false, problem: null },
    "audit.verify": { entries: 12, ok: true, firstBad: null },
  };
  held = null;
  const shell = testShell({ bridge, send: (...[name, input]) => void asked.push([name, input]) });
  const view = (
    <ShellContext value={shell}>
      <PolicyView />
    </ShellContext>
  );
  drawn = await draw(view);
});

afterEach(() => drawn.remove());

/** Draws the view anew, with what main answers now. */
async function again(): Promise<void> {
  drawn.remove();
  const shell = testShell({ bridge, send: (...[name, input]) => void asked.push([name, input]) });
  drawn = await draw(
    <ShellContext value={shell}>
      <PolicyView />
    </ShellContext>,
  );
}

it("a cell says its decision, whose word it is, and until when", () => {
  const until = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(
    new Date("2026-11-28T10:07:00Z"),
  );
  expect(squares()).toEqual([
    "home to home: inside one VM, free",
    "home to web: allow, your rule",
    "home to this computer: ask, every time",
    `web to home: allow, until ${until}`,
    "web to web: inside one VM, free",
    "web to this computer: ask",
    "this computer to home: deny",
    "this computer to web: ask",
    "this computer to this computer: inside one VM, free",
  ]);
});

it("each action has its own matrix", async () => {
  await click('.policy-actions [role="radio"]', "Run");
  expect(lastOf("policy.matrix")).toEqual({ action: "exec" });
});

it("arrow keys walk the cells; Tab reaches the one where they are", async () => {
  element(".matrix-cell", "home to web").focus();
  await press("ArrowDown");
  await press("ArrowRight");
  await press("ArrowRight");
  expect(document.activeElement).toBe(element(".matrix-cell", "web to this computer"));
  expect([...document.querySelectorAll('.matrix-cell[tabindex="0"]')]).toEqual([document.activeElement]);
});

it("a cell opens to its rule and why; a VM with itself does not", async () => {
  await click(".matrix-cell", "home to home");
  expect(inspector()).toBeNull();
  await click(".matrix-cell", "home to web");
  expect(inspector()).toContain("Line 71 asks.");
  expect(textsOf(".inspector-rule")).toEqual(["9own"]);
  await click(".matrix-cell", "home to web");
  expect(inspector()).toBeNull();
});

it("a change says its price before it can be written, and can be undone, by keys alone", async () => {
  await click(".matrix-cell", "web to this computer");
  const main = (): HTMLButtonElement => element(".inspector .button", "Write rule") as HTMLButtonElement;
  expect([main().disabled, countOf("policy.tryCell")]).toEqual([true, 0]);
  element(".inspector .segments button").focus();
  await press("D");
  expect(lastOf("policy.tryCell")).toEqual({
    action: "clipboard.paste",
    from: "web",
    to: "@host",
    decision: "deny",
    minutes: null,
  });
  expect(textsOf(".price li")).toEqual([
    "Would have decided 14 crossings of the last 7 days otherwise.",
    "Goes in at line 5.",
    "The test holds.",
  ]);
  await press("Enter", { ctrlKey: true });
  expect(lastOf("policy.setCell")).toEqual(lastOf("policy.tryCell"));
  expect(textsOf(".last-change span")).toEqual(["You set web → @host to deny, line 5."]);
  await press("z", { ctrlKey: true });
  expect([lastOf("policy.undo"), textsOf(".last-change")]).toEqual([{ change: 3 }, []]);
});

it("offers no question about a connection into another VM, also by its key", async () => {
  await click('.policy-actions [role="radio"]', "Connect");
  await click(".matrix-cell", "this computer to web");
  const decisions = (): (string | null)[] => textsOf('.inspector [aria-label="Decision"] [role="radio"]');
  expect(decisions()).toEqual(["Allow", "Deny"]);
  expect(textsOf(".inspector-hint .key")).toEqual(["A", "D"]);
  element(".inspector .segments button").focus();
  await press("k");
  expect(countOf("policy.tryCell")).toBe(0);
  await click(".matrix-cell", "web to this computer");
  expect(decisions()).toEqual(["Allow", "Ask", "Deny"]);
});

it("the keys of a change count in the opened cell, which has the focus also afterwards", async () => {
  const cellButton = (): HTMLElement => element(".matrix-cell", "web to this computer");
  cellButton().focus();
  await press("d");
  expect(countOf("policy.tryCell")).toBe(0);
  await click(".matrix-cell", "web to this computer");
  await press("d");
  expect(lastOf("policy.tryCell")).toMatchObject({ from: "web", to: "@host", decision: "deny" });
  element(".inspector .button", "Write rule").focus();
  await click(".inspector .button", "Write rule");
  expect(countOf("policy.setCell")).toBe(1);
  expect(document.activeElement).toBe(cellButton());
});

it.each([
  [[], "The first rule that fits counts. 1 rule."],
  [[true], "The first rule that fits counts. 1 rule; the test holds."],
  [[true, true], "The first rule that fits counts. 1 rule; all 2 tests hold."],
  [[true, false], "The first rule that fits counts. 1 rule; 1 test fails."],
  [[false, false], "The first rule that fits counts. 1 rule; 2 tests fail."],
] as const)("says how many tests hold: %j", async (held, words) => {
  answers["policy.list"] = { rules: [{}] };
  answers["policy.test"] = held.map((ok) => ({ name: "vault", ok }));
  await again();
  expect(textsOf(".policy-head p")[0]).toBe(words);
});

it("says nothing of tests where there are none", async () => {
  answers["policy.tryCell"] = { rule: { line: 5, text: "new" }, tests: [], flips: 0 };
  await click(".matrix-cell", "web to this computer");
  element(".inspector .segments button").focus();
  await press("d");
  expect(textsOf(".price li")).toEqual(["Changes nothing of what crossed in the last 7 days.", "Goes in at line 5."]);
});

it("a change that breaks a test is not written", async () => {
  answers["policy.tryCell"] = { rule: { line: 5, text: "new" }, tests: [{ name: "vault", ok: false }], flips: 0 };
  await click(".matrix-cell", "web to this computer");
  element(".inspector .segments button").focus();
  await press("a");
  await press("Enter", { ctrlKey: true });
  expect(textsOf(".price [data-tone]")).toEqual(["The test “vault” would fail, so it cannot be written."]);
  expect(countOf("policy.setCell")).toBe(0);
});

it("a price that is shown follows the policy", async () => {
  await click(".matrix-cell", "home to web");
  element(".inspector .segments button").focus();
  await press("d");
  expect(element('.inspector [data-kind="main"]').hasAttribute("disabled")).toBe(false);
  answers["policy.tryCell"] = { rule: { line: 6, text: "new" }, tests: [{ name: "vault", ok: false }], flips: 2 };
  await act(async () => listeners.get("policy.changed")?.());
  expect(textsOf(".price [data-tone]")).toEqual(["The test “vault” would fail, so it cannot be written."]);
  expect(element('.inspector [data-kind="main"]').hasAttribute("disabled")).toBe(true);
});

it("the line that decides is shown in the file, in the place of the timeline", async () => {
  const lines = Array.from({ length: 80 }, (_, at) => `# ${at + 1}`).with(70, "  - action: clipboard.paste");
  answers["policy.read"] = { file: "/c/policy.yaml", text: lines.join("\n") };
  await click(".matrix-cell", "web to this computer");
  await click(".inspector .link", "Show line 71");
  expect(textsOf(".policy-text li[aria-current]")).toEqual(["71  - action: clipboard.paste"]);
  expect(textsOf(".policy-text header p")).toEqual(["/c/policy.yaml"]);
  expect(document.querySelector(".timeline")).toBeNull();
  await click(".policy-text button", "Close policy.yaml");
  expect(document.querySelector(".timeline")).not.toBeNull();
});

it("a change that the file says already is not written", async () => {
  answers["policy.tryCell"] = { rule: null, tests: [], flips: 0 };
  await click(".matrix-cell", "web to this computer");
  element(".inspector .segments button").focus();
  await press("a");
  expect(textsOf(".price li")[1]).toBe("policy.yaml says so already.");
  await press("Enter", { ctrlKey: true });
  expect(countOf("policy.setCell")).toBe(0);
});

it("a rule of one's own is taken back, if it still says the same", async () => {
  await click(".matrix-cell", "home to web");
  await click(".inspector .link", "Take line 9 back");
  expect(lastOf("policy.takeBack")).toEqual({ line: 9, text: "own" });
});

it("a broken file is said over all, and the last good one can be had back", async () => {
  const problem = { file: "/c/policy.yaml", line: 44, column: 1, reason: "decision: no such word" };
  answers["policy.state"] = { state: "broken", problem, hasLastGood: true, unbound: [] };
  await act(async () => listeners.get("policy.changed")?.());
  await again();
  expect(textsOf(".strip strong")).toEqual(["policy.yaml, line 44: nothing may cross until it is fixed"]);
  await click(".strip .button", "Show line 44");
  expect(textsOf(".policy-text li[aria-current]")).toEqual([]);
  await click(".strip .button", "Use the last good one");
  expect(countOf("policy.restore")).toBe(1);
});

it("rules of a VM that was removed are said, given to a new one of its name, or deleted", async () => {
  const gone = { name: "old", lines: [9, 17], fate: "removed", hasHeir: true };
  answers["policy.state"] = { state: "in-force", problem: null, hasLastGood: false, unbound: [gone] };
  await again();
  expect(textsOf(".strip strong")).toEqual(["old was removed: lines 9, 17 match nothing"]);
  await click(".strip .button", "Take over");
  await click(".strip .button", "Delete");
  expect(textsOf(".last-change span")).toEqual(["You deleted the rules that name old."]);
  expect([lastOf("policy.takeOver"), lastOf("policy.deleteRules")]).toEqual([{ name: "old" }, { name: "old" }]);
});

it("the timeline has a line for each crossing; one that is opened says who decided, and its rule is taken back", async () => {
  expect(textsOf(".entry-what")).toEqual(["text, 34 characters"]);
  expect(textsOf(".entry-verdict")).toEqual(["allowedline 9"]);
  await click(".entry-line");
  expect(textsOf(".entry-details dd")).toEqual([
    "9: own",
    "“foU+202Eot”",
    expect.stringMatching(/\d/),
    "12, follows 11",
  ]);
  await click(".entry-details .button", "Take line 9 back");
  expect(lastOf("policy.takeBack")).toEqual({ line: 9, text: "own" });
  await click(".entry-details .button", "Change the rule");
  expect(element(".matrix-cell", "home to web").getAttribute("aria-pressed")).toBe("true");
});

it("an entry that is opened is brought into sight once, and not again by what crosses meanwhile", async () => {
  const scrolled = vi.spyOn(HTMLElement.prototype, "scrollIntoView").mockReturnValue();
  await click(".entry-line");
  expect(scrolled).toHaveBeenCalledTimes(1);
  answers["audit.list"] = { entries: [entry({ seq: 13 }), entry()], hasMore: false, problem: null };
  await act(async () => listeners.get("audit.entry")?.());
  expect(textsOf(".entry-line")).toHaveLength(2);
  expect(scrolled).toHaveBeenCalledTimes(1);
  scrolled.mockRestore();
});

it("from a crossing that a general rule, or none, decided a rule is made: its pair opens in the matrix of its action", async () => {
  const denied = entry({ action: "exec", from: { kind: "host" }, decision: "deny", rule: null });
  answers["audit.list"] = { entries: [denied], hasMore: false, problem: null };
  await again();
  await click(".entry-line");
  await click(".entry-details .button", "Make a rule");
  expect(lastOf("policy.matrix")).toEqual({ action: "exec" });
  expect(element('.policy-actions [role="radio"]', "Run").getAttribute("aria-checked")).toBe("true");
  expect(element(".matrix-cell", "this computer to web").getAttribute("aria-pressed")).toBe("true");
});

async function choose(list: HTMLSelectElement, value: string): Promise<void> {
  list.value = value;
  await act(async () => void list.dispatchEvent(new Event("change", { bubbles: true })));
}

it("the search is typed in words, its decisions also pressed, its action chosen; what means nothing is said", async () => {
  const field = element(".timeline-search input");
  await write(field, "from:home since:1h x maybe:");
  expect(lastOf("audit.list")).toMatchObject({ filter: { from: "home", sinceS: 3600, text: "x maybe:" } });
  await click(".timeline-chips button", "denied");
  expect(lastOf("audit.list")).toMatchObject({ filter: { from: "home", decision: "deny" } });
  const actions = element(".timeline-chips select") as HTMLSelectElement;
  expect([...actions.options].map(({ text }) => text).slice(0, 3)).toEqual(["any action", "paste", "send files"]);
  await choose(actions, "file.send");
  expect(lastOf("audit.list")).toMatchObject({ filter: { from: "home", decision: "deny", action: "file.send" } });
  await choose(actions, "");
  expect(lastOf("audit.list")).toMatchObject({ filter: { from: "home", decision: "deny", action: null } });
  await write(field, "action:exec");
  expect(actions.value).toBe("exec");
  await write(field, "action:fly");
  expect(textsOf(".timeline-unknown")[0]).toContain("action:fly means nothing here.");
  field.focus();
  await press("Escape");
  expect((field as HTMLInputElement).value).toBe("");
});

it("what crossed today is of yesterday when midnight has passed", async () => {
  vi.useFakeTimers({ now: new Date(2026, 10, 28, 23, 59, 30), toFake: ["Date", "setInterval", "clearInterval"] });
  answers["audit.list"] = { entries: [entry({ time: new Date().toISOString() })], hasMore: false, problem: null };
  await again();
  expect(textsOf(".timeline-list h3")).toEqual(["Today"]);
  await act(async () => void vi.advanceTimersByTime(60_000));
  expect(textsOf(".timeline-list h3")).toEqual(["Yesterday"]);
  vi.useRealTimers();
});

it("older crossings, and those of a search, come in place of what is shown: until then it stays where it is", async () => {
  answers["audit.list"] = { entries: [entry()], hasMore: true, problem: null };
  await act(async () => listeners.get("audit.entry")?.());
  const line = element(".entry-line");
  let release = (): void => undefined;
  held = new Promise((resolve) => (release = resolve));
  answers["audit.list"] = { entries: [entry(), entry({ seq: 11 })], hasMore: false, problem: null };
  await click(".timeline-more");
  expect([element(".entry-line"), element(".timeline-list").getAttribute("aria-busy")]).toEqual([line, "true"]);
  await act(async () => release());
  expect([element(".entry-line"), textsOf(".entry-line").length]).toEqual([line, 2]);
  expect(element(".timeline-list").getAttribute("aria-busy")).toBe("false");
});

it("says that nothing has crossed, that nothing fits, and that the log cannot be written", async () => {
  answers["audit.list"] = { entries: [], hasMore: false, problem: "the disk is full" };
  await act(async () => listeners.get("audit.entry")?.());
  expect(textsOf(".timeline-none")).toEqual(["Nothing has crossed yet. Copy in one VM, paste in another."]);
  expect(textsOf(".timeline .strip")).toEqual(["Crossings stop: the log cannot be writtenthe disk is full"]);
  await write(element(".timeline-search input"), "x");
  expect(textsOf(".timeline-none")).toEqual(["No crossing fits the search."]);
});

it("the chain of the log is checked when it is asked for", async () => {
  answers["audit.verify"] = { entries: 1482, ok: false, firstBad: 912 };
  await click(".timeline-chain button");
  expect(textsOf(".timeline-chain span")).toEqual(["Entry 912 does not follow 911: the log was changed"]);
});

/** As a person chooses it in the host's dialog. */
async function chooseFile(name: string, text: string): Promise<void> {
  const input = element('input[type="file"]') as HTMLInputElement;
  Object.defineProperty(input, "files", { value: [new File([text], name)], configurable: true });
  await act(async () => void input.dispatchEvent(new Event("change", { bubbles: true })));
}

const added = (text: string, before: string | null, after: string | null) => ({
  text,
  decision: "allow",
  before,
  after,
});

it("the rules of a file are looked at before they are taken, and taken back by Undo", async () => {
  answers["policy.tryImport"] = {
    added: [added("one", "deny", "allow"), added("two", "deny", "deny"), added("three", null, null)],
    known: 1,
    tests: [{ name: "vault", ok: true }],
  };
  answers["policy.import"] = { change: 8, rule: { line: 20, text: "one" } };
  await chooseFile("team.yaml", "rules: ...");
  expect(lastOf("policy.tryImport")).toEqual({ name: "team.yaml", text: "rules: ..." });
  expect(textsOf(".policy-import li span")).toEqual([
    "Now deny, then allow.",
    "No effect: an earlier rule says deny.",
    "Its VM is not there.",
  ]);
  expect(textsOf(".import-known")).toEqual(["1 rule of it is there already."]);
  await click("button", "Import 3 rules");
  expect(lastOf("policy.import")).toEqual({ name: "team.yaml", text: "rules: ..." });
  expect(document.querySelector(".policy-import")).toBeNull();
  expect(textsOf(".last-change span")).toEqual(["You imported the rules of team.yaml."]);
  await press("z", { ctrlKey: true });
  expect(lastOf("policy.undo")).toEqual({ change: 8 });
});

it("the rules of a file are not taken where a test would fail, or where all are there", async () => {
  answers["policy.tryImport"] = {
    added: [added("one", "deny", "allow")],
    known: 0,
    tests: [{ name: "vault", ok: false }],
  };
  await chooseFile("team.yaml", "a");
  expect(textsOf(".import-failing")).toEqual(["Your test “vault” would fail, so they cannot be taken."]);
  expect((element(".policy-import .button") as HTMLButtonElement).disabled).toBe(true);
  await click(".policy-import button", "Cancel");
  answers["policy.tryImport"] = { added: [], known: 2, tests: [] };
  await chooseFile("team.yaml", "b");
  expect(textsOf(".policy-import .policy-none")).toEqual(["Your policy has all of its rules already."]);
  expect((element(".policy-import .button") as HTMLButtonElement).disabled).toBe(true);
});
