import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventPayload } from "#shared/ipc/index.ts";
import type { CrossingPreview } from "#shared/model/crossing.ts";
import type { VmId } from "#shared/model/vm.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { readEntries } from "../audit/audit-reader.ts";
import { CheckedPage } from "../ipc/testing/checked.ts";
import { HOST, type VmParty } from "../policy/crossing.ts";
import { Policy } from "../policy/policy.ts";
import { PolicyChanges } from "../policy/policy-changes.ts";
import type { CrossingRequest } from "./crossing-request.ts";
import { Crossings, refusalOf } from "./crossings.ts";
import { sendCrossingEvents } from "./events.ts";

function vm(name: string, digit: number, more: Partial<VmParty> = {}): VmParty {
  const id = `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as VmId;
  return { kind: "vm", id, name, label: "lagoon", role: "app", template: "debian", ...more };
}
const HOME = vm("home", 1);
const WEB = vm("web", 2, { label: "coral" });
const MAIL = vm("mail", 3);
const VAULT = vm("vault", 4, { role: "vault" });

let folder: string;
let page: CheckedPage;
let policy: Policy;
let changes: PolicyChanges;
let audit: AuditLog;
let crossings: Crossings;
let vms: VmParty[];
let elapsed: number;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-crossings-"));
  vms = [HOME, WEB, MAIL, VAULT];
  elapsed = 0;
  policy = new Policy({ configFolder: folder, stateFolder: folder, vms: () => vms });
  await policy.open();
  changes = new PolicyChanges(policy);
  audit = new AuditLog({ stateFolder: folder });
  await audit.open();
  page = new CheckedPage();
  crossings = new Crossings({ policy, changes, audit, page, elapsed: () => elapsed });
});

afterEach(async () => {
  vi.useRealTimers();
  await audit.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function paste(from: VmParty, to: VmParty, more: Partial<CrossingRequest> = {}): CrossingRequest {
  const crossing = { action: "clipboard.paste", from, to, type: "text/plain", bytes: null } as const;
  return { crossing, subject: "clip 1", ...more };
}

async function entries(): Promise<object[]> {
  const filter = { sinceS: null, action: null, from: null, to: null, decision: null, by: null, text: null };
  const { entries: newestFirst } = await readEntries(audit.parts, filter, {
    before: null,
    limit: 100,
    now: Date.now(),
  });
  return newestFirst.toReversed();
}

const toasts = (): unknown[] =>
  page.events.filter(({ name }) => name === "crossing.notice").map(({ payload }) => payload);

/** The prompt that is asked, answered. */
async function answer(name: string, at = 0): Promise<void> {
  const question = await vi.waitFor(() => page.asked[at] ?? expect.unreachable("nothing was asked"));
  page.answered(question.id, name);
}

describe("what is always asked", () => {
  const always = { isAlwaysAsked: true, warning: "Eicar was found in it." };

  it("is asked where a rule allows it, without an answer that writes a rule, and says what there is to know", async () => {
    const asked = crossings.request(paste(HOME, MAIL, always));
    await answer("once");
    expect(await asked).toMatchObject({ allowed: true, by: "person", seq: 1 });
    expect(page.asked[0]?.payload).toMatchObject({ warning: "Eicar was found in it.", answers: ["once", "deny"] });
  });

  it("is denied by a person, and by a rule without a question", async () => {
    const asked = crossings.request(paste(HOME, MAIL, always));
    await answer("deny");
    expect(await asked).toMatchObject({ allowed: false, by: "person" });
    fs.writeFileSync(policy.file, "rules: []\n");
    await policy.load();
    expect(await crossings.request(paste(HOME, MAIL, always))).toMatchObject({ allowed: false, by: "rule" });
    expect(page.asked).toHaveLength(1);
  });

  it("is not allowed where a person takes the safe copy that is offered in its place", async () => {
    const asked = crossings.request(paste(HOME, MAIL, { ...always, offersSafeCopy: true }));
    await answer("safe");
    expect(await asked).toMatchObject({ allowed: false, by: "person", wantsSafeCopy: true });
    expect(page.asked[0]?.payload).toMatchObject({ answers: ["safe", "once", "deny"] });
    expect(await entries()).toMatchObject([{ decision: "deny", detail: "a safe copy in its place" }]);
    // Where it is not offered, no page can answer so.
    const another = crossings.request(paste(HOME, MAIL, always));
    await answer("safe", 1);
    expect(await another).toMatchObject({ allowed: false, wantsSafeCopy: false });
  });
});

describe("what a rule decides", () => {
  it("goes on with its entry in the log, and is told with its bytes when it is over", async () => {
    const outcome = await crossings.request(paste(HOME, MAIL));
    expect(outcome).toMatchObject({ allowed: true, by: "rule", seq: 1 });
    expect(await entries()).toMatchObject([
      { from: { name: "home" }, to: { name: "mail" }, decision: "allow", bytes: null },
    ]);
    expect(toasts()).toEqual([]);
    await crossings.ended(outcome, { bytes: 34, characters: 33 });
    expect(await entries()).toMatchObject([{ bytes: 34, characters: 33 }]);
    expect(toasts()).toMatchObject([{ seq: 1, bytes: 34, characters: 33, decision: "allow", by: "rule", failure: "" }]);
    expect(page.asked).toEqual([]);
  });

  it.each(["allow", "ask"] as const)(
    "knows what its rule lets through, where no size was asked about: %s",
    async (decision) => {
      const rule = `{action: clipboard.paste, from: home, to: web, decision: ${decision}, maxBytes: 1000}`;
      fs.writeFileSync(policy.file, `rules:\n  - ${rule}\ntests: []\n`);
      await policy.load();
      const asked = crossings.request(paste(HOME, WEB, { isQuiet: true }));
      if (decision === "ask") await answer("once");
      expect(await asked).toMatchObject({ allowed: true, maxBytes: 1_000 });
    },
  );

  it("is told as failed where not all has arrived, with the reason alone", async () => {
    const outcome = await crossings.request(paste(HOME, MAIL));
    await crossings.ended(outcome, { bytes: 0, detail: "it is not\nwhat its type says" });
    expect(toasts()).toMatchObject([{ decision: "allow", bytes: 0, failure: "it is not\\u{a}what its type says" }]);
  });

  it("is told as done where what is said of its end is no failure", async () => {
    const outcome = await crossings.request(paste(HOME, MAIL));
    await crossings.ended(outcome, { bytes: null, detail: "safe copy: 2 pages", isComplete: true });
    expect(await entries()).toMatchObject([{ detail: "safe copy: 2 pages" }]);
    expect(toasts()).toMatchObject([{ decision: "allow", failure: "" }]);
  });

  it("is written down and not told where its end is quiet", async () => {
    const outcome = await crossings.request(paste(HOME, MAIL));
    await crossings.ended(outcome, { bytes: 34, detail: "sent ahead", isQuiet: true });
    expect(await entries()).toMatchObject([{ bytes: 34, detail: "sent ahead" }]);
    expect(toasts()).toEqual([]);
  });

  it("is refused where it denies, in words, with exit code 3's error", async () => {
    const crossing = { action: "exec", from: HOME, to: WEB, type: null, bytes: null } as const;
    const outcome = await crossings.request({ crossing, subject: "" });
    expect(outcome).toMatchObject({ allowed: false, by: "rule", seq: null });
    expect(refusalOf(outcome)).toMatchObject({
      code: "policy.denied",
      message: expect.stringContaining("exec from home") as string,
    });
    expect(await entries()).toMatchObject([{ decision: "deny", by: "rule" }]);
    expect(toasts()).toMatchObject([{ decision: "deny" }]);
  });

  it("is not written down where it is quiet, unless its rule says notify", async () => {
    const crossing = { action: "exec", from: HOST, to: WEB, type: null, bytes: null } as const;
    const quiet = { crossing, subject: "", isQuiet: true };
    expect(await crossings.request(quiet)).toMatchObject({ allowed: true, seq: null });
    expect(await entries()).toEqual([]);
    await policy.change((text) => text.replace("action: exec\n", "action: exec\n    notify: true\n"));
    expect(await crossings.request(quiet)).toMatchObject({ allowed: true, seq: 1 });
  });

  it("is written once when a program asks a thousand times, and then how often", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const crossing = { action: "exec", from: HOME, to: WEB, type: null, bytes: null } as const;
    await Promise.all(Array.from({ length: 1000 }, () => crossings.request({ crossing, subject: "" })));
    expect(await entries()).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(async () => expect(await entries()).toHaveLength(2));
    expect(await entries()).toMatchObject([{ detail: "" }, { detail: "999 more times within 10 s" }]);
  });

  it("is written twenty times when a program asks for a thousand things, and then how many more there were", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const crossing = (at: number) =>
      ({ action: "exec", from: HOME, to: WEB, type: `text/x-${at}`, bytes: at }) as const;
    await Promise.all(
      Array.from({ length: 1000 }, (_, at) => crossings.request({ crossing: crossing(at), subject: "" })),
    );
    expect(await entries()).toHaveLength(21);
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(async () => expect(await entries()).toHaveLength(22));
    expect((await entries()).slice(19)).toMatchObject([
      { type: "text/x-19", bytes: 19 },
      { type: null, bytes: null, detail: "one of many" },
      { detail: "one of many; 979 more times within 10 s" },
    ]);
  });
});

describe("a prompt", () => {
  it("is answered once for a burst of the same, and each has its entry", async () => {
    const outcomes = Promise.all([1, 2, 3].map(() => crossings.request(paste(HOME, WEB))));
    await answer("once");
    expect(await outcomes).toMatchObject([{ allowed: true, by: "person" }, { allowed: true }, { allowed: true }]);
    expect(page.asked).toHaveLength(1);
    expect(await entries()).toMatchObject([{ seq: 1, by: "person", detail: "once" }, { seq: 2 }, { seq: 3 }]);
    const joined = page.events.filter(({ name }) => name === "crossing.joined").map(({ payload }) => payload);
    expect(joined).toEqual([2, 3].map((requests) => ({ prompt: 1, requests })));
  });

  it("counts what joins it in a broker's hands too, as far as 100: more is told to no page", async () => {
    void crossings.request(paste(HOME, WEB));
    for (let request = 0; request < 1_000; request += 1) crossings.joined(paste(HOME, WEB));
    crossings.joined(paste(HOME, WEB, { subject: "clip 2" }));
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    const joined = page.events.filter(({ name }) => name === "crossing.joined");
    expect(joined).toHaveLength(99);
    expect(joined.at(-1)?.payload).toEqual({ prompt: 1, requests: 100 });
  });

  it.each([
    ["another clip", paste(HOME, WEB, { subject: "clip 2" })],
    ["another source", paste(MAIL, WEB)],
    ["the way back", paste(WEB, HOME)],
  ])("is another one for %s", async (_what, other) => {
    void crossings.request(paste(HOME, WEB));
    void crossings.request(other);
    await vi.waitFor(() => expect(page.asked).toHaveLength(2));
  });

  it("says what it is about", async () => {
    void crossings.request(paste(HOME, WEB, { app: "Mousepad" }));
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    expect(page.asked[0]?.payload).toMatchObject({
      action: "clipboard.paste",
      from: { name: "home", label: "lagoon" },
      to: { name: "web", label: "coral" },
      app: "Mousepad",
      type: "text/plain",
      answers: ["once", "minutes", "always", "deny"],
      rule: { text: expect.stringContaining("decision: ask") as string },
    });
  });

  it("is not asked where the person has just chosen that very crossing, unless a rule denies it", async () => {
    const chosen = { isChosen: true, onceForMs: 10_000 };
    expect(await crossings.request(paste(HOME, WEB, chosen))).toMatchObject({ allowed: true, by: "person", seq: 1 });
    expect(await crossings.request(paste(HOME, WEB))).toMatchObject({ allowed: true, seq: 2 });
    const crossing = { action: "exec", from: HOME, to: WEB, type: null, bytes: null } as const;
    expect(await crossings.request({ crossing, subject: "", ...chosen })).toMatchObject({ allowed: false, by: "rule" });
    expect(page.asked).toEqual([]);
    expect(await entries()).toMatchObject([{ by: "person", detail: "chosen" }, {}, { decision: "deny" }]);
  });

  it("holds 'once' for the same clip and VM for as long as was asked, and no longer", async () => {
    const request = paste(HOME, WEB, { onceForMs: 10_000 });
    const first = crossings.request(request);
    await answer("once");
    await first;
    elapsed = 9_999;
    expect(await crossings.request(request)).toMatchObject({ allowed: true, by: "person" });
    elapsed = 10_000;
    void crossings.request(request);
    await vi.waitFor(() => expect(page.asked).toHaveLength(2));
  });

  it("denies for all who wait", async () => {
    const outcomes = Promise.all([1, 2].map(() => crossings.request(paste(HOME, WEB))));
    await answer("deny");
    expect(await outcomes).toMatchObject([{ allowed: false, by: "person", seq: null }, { allowed: false }]);
    expect(await entries()).toMatchObject([{ decision: "deny", by: "person" }]);
  });

  it("is taken back when the last who waits has gone: no rule, and nobody has answered", async () => {
    const [first, second] = [new AbortController(), new AbortController()];
    const before = await policy.text();
    const one = crossings.request(paste(HOME, WEB), { signal: first.signal });
    const other = crossings.request(paste(HOME, WEB), { signal: second.signal });
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    first.abort();
    const lapsed = await one;
    expect([lapsed, page.cancelled]).toMatchObject([{ allowed: false, by: "lapsed" }, []]);
    expect(refusalOf(lapsed).code).toBe("policy.unanswered");
    second.abort();
    await other;
    expect(page.cancelled).toEqual([page.asked[0]?.id]);
    page.answered(page.asked[0]?.id, "always");
    expect(await policy.text()).toBe(before);
    expect(crossings.prompts).toEqual([]);
    expect(await entries()).toMatchObject([{ decision: "deny", by: "lapsed" }]);
  });

  it("is there again, and the same, when the page has been loaded anew", async () => {
    const outcome = crossings.request(paste(HOME, WEB));
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    page.gone();
    page.come();
    await answer("once", 1);
    expect(page.asked[1]?.payload).toEqual(page.asked[0]?.payload);
    expect(await outcome).toMatchObject({ allowed: true });
  });

  it("tells the page which rule an answer has written, so that it can be taken back", async () => {
    sendCrossingEvents({ audit, page, policy, policyChanges: changes });
    const before = await policy.text();
    const first = crossings.request(paste(HOME, WEB));
    await answer("always");
    await first;
    const written = page.events.flatMap(({ name, payload }) =>
      name === "policy.changed" ? [(payload as EventPayload<"policy.changed">).written] : [],
    );
    const rule = policy.check("clipboard.paste", "home", "web", null).rule;
    expect(written.filter((one) => one !== null)).toEqual([{ change: 1, rule }]);
    await changes.undo(written.find((one) => one !== null)?.change ?? 0);
    expect([await policy.text(), policy.check("clipboard.paste", "home", "web", null).decision]).toEqual([
      before,
      "ask",
    ]);
  });

  it("writes a rule for 'always', so that the pair is silent from then on", async () => {
    const first = crossings.request(paste(HOME, WEB));
    await answer("always");
    expect(await first).toMatchObject({ allowed: true, by: "person" });
    expect(await crossings.request(paste(HOME, WEB, { subject: "clip 2" }))).toMatchObject({
      allowed: true,
      by: "rule",
    });
    expect(page.asked).toHaveLength(1);
    expect(policy.check("clipboard.paste", "web", "home", null).decision).toBe("ask");
  });

  it("offers no 'always' for a vault, and takes none", async () => {
    const outcome = crossings.request(paste(VAULT, WEB));
    await answer("always");
    expect(page.asked[0]?.payload).toMatchObject({ answers: ["once", "minutes", "deny"] });
    expect(await outcome).toMatchObject({ allowed: false });
    expect(await policy.text()).not.toContain("prompt");
  });

  it("offers no rule for a VM with the name of one that was removed", async () => {
    await policy.change((text) =>
      text.replace("rules:\n", "rules:\n  - {action: exec, from: home, to: web, decision: deny}\n"),
    );
    vms = [vm("home", 9), WEB];
    policy.vmsChanged();
    void crossings.request(paste(vm("home", 9), WEB));
    await vi.waitFor(() => expect(page.asked[0]?.payload).toMatchObject({ answers: ["once", "deny"] }));
  });

  it("counts for nothing where a rule denies by then", async () => {
    const outcome = crossings.request(paste(HOME, WEB));
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    await changes.setCell({ action: "clipboard.paste", from: "home", to: "web", decision: "deny", minutes: null });
    await answer("once");
    expect(await outcome).toMatchObject({ allowed: false, by: "rule" });
  });

  it("allows once where the rule cannot be written, and says so", async () => {
    const outcome = crossings.request(paste(HOME, WEB));
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    const test = "tests:\n  - {action: clipboard.paste, from: home, to: web, expect: ask}\n";
    await policy.change((text) => text.replace("tests:\n", test));
    await answer("always");
    expect(await outcome).toMatchObject({ allowed: true });
    expect(await entries()).toMatchObject([
      { detail: expect.stringContaining("once, because the rule could not") as string },
    ]);
    expect(policy.check("clipboard.paste", "home", "web", null).decision).toBe("ask");
  });

  it("is not asked where very many are open", async () => {
    for (let at = 0; at < 20; at += 1) void crossings.request(paste(HOME, WEB, { subject: `clip ${at}` }));
    expect(await crossings.request(paste(HOME, WEB, { subject: "one more" }))).toMatchObject({
      allowed: false,
      explanation: expect.stringContaining("You were not asked") as string,
    });
  });

  it("goes on by what the rule says when it is answered", async () => {
    const outcome = crossings.request(paste(HOME, WEB));
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    const rule = "  - {action: clipboard.paste, from: home, to: web, maxBytes: 1000, decision: ask}\n";
    await policy.change((text) => text.replace("rules:\n", `rules:\n${rule}`));
    await answer("once");
    expect(await outcome).toMatchObject({
      allowed: true,
      maxBytes: 1000,
      rule: { text: expect.stringContaining("1000") as string },
    });
    expect(await entries()).toMatchObject([{ rule: { text: expect.stringContaining("1000") as string } }]);
  });

  it("writes no rule for a disposable, which is gone before the rule could count", async () => {
    const disposable = vm("disp-1", 5, { role: "disposable" });
    vms = [...vms, disposable];
    for (const [from, to] of [
      [disposable, WEB],
      [WEB, disposable],
    ] as const)
      void crossings.request({ crossing: { action: "url.open", from, to, type: null, bytes: null }, subject: "link" });
    void crossings.request({
      crossing: { action: "file.open", from: HOST, to: WEB, type: null, bytes: null },
      subject: "",
    });
    await vi.waitFor(() => expect(page.asked.length).toBeGreaterThanOrEqual(2));
    for (const { payload } of page.asked.slice(0, -1)) expect(payload).toMatchObject({ answers: ["once", "deny"] });
    expect(page.asked.at(-1)?.payload).toMatchObject({ answers: ["once", "minutes", "always", "deny"] });
  });

  it("is not asked again for a while after the third denial of what a program asks for by itself", async () => {
    const wants = { askedBy: HOME.id ?? undefined };
    for (let at = 0; at < 3; at += 1) {
      const outcome = crossings.request(paste(HOME, WEB, { subject: `file ${at}`, ...wants }));
      await answer("deny", at);
      expect(await outcome).toMatchObject({ allowed: false });
    }
    expect(await crossings.request(paste(HOME, WEB, { subject: "file 3", ...wants }))).toMatchObject({
      allowed: false,
      by: "person",
      explanation: expect.stringContaining("It can ask again in 60 s.") as string,
    });
    expect(page.asked).toHaveLength(3);
    // What a person does themselves is asked about.
    void crossings.request(paste(HOME, WEB, { subject: "clip" }));
    await vi.waitFor(() => expect(page.asked).toHaveLength(4));
    elapsed += 60_000;
    void crossings.request(paste(HOME, WEB, { subject: "file 4", ...wants }));
    await vi.waitFor(() => expect(page.asked).toHaveLength(5));
  });
});

it("a prompt says how long ago it was copied, also when it is asked again; what was not copied has no age", async () => {
  void crossings.request(paste(HOME, WEB, { copiedMs: performance.now() - 12_000 }));
  void crossings.request({ ...paste(HOME, WEB), subject: "another" });
  await vi.waitFor(() => expect(page.asked).toHaveLength(2));
  const ages = page.asked.map(({ payload }) => (payload as { copiedAgoS: number | null }).copiedAgoS);
  expect(ages[0]).toBeGreaterThanOrEqual(12);
  expect(ages[1]).toBeNull();
});

describe("the preview of a prompt", () => {
  function preview(first: CrossingPreview): {
    set: (now: CrossingPreview) => void;
    source: NonNullable<CrossingRequest["preview"]>;
    listeners: Set<() => void>;
  } {
    let current = first;
    const listeners = new Set<() => void>();
    const source = {
      get current() {
        return current;
      },
      onChange: (changed: () => void) => {
        listeners.add(changed);
        return () => void listeners.delete(changed);
      },
    };
    const set = (now: CrossingPreview): void => {
      current = now;
      for (const changed of listeners) changed();
    };
    return { set, source, listeners };
  }

  it("goes on while it is shown, ends with it, and is cut", async () => {
    const { set, source, listeners } = preview({ kind: "text", text: "so", bytes: 2, isComplete: false });
    void crossings.request(paste(HOME, WEB, { preview: source }));
    await vi.waitFor(() => expect(page.asked[0]?.payload).toMatchObject({ preview: { text: "so" } }));
    set({ kind: "text", text: "x".repeat(5000), bytes: 5000, isComplete: true });
    expect(page.events).toMatchObject([{ name: "crossing.preview", payload: { prompt: 1, preview: { bytes: 5000 } } }]);
    page.gone();
    page.come();
    await vi.waitFor(() => expect(page.asked[1]?.payload).toMatchObject({ preview: { bytes: 5000 } }));
    await answer("deny", 1);
    await vi.waitFor(() => expect(listeners.size).toBe(0));
  });

  it("never shows a secret, whatever it is given", async () => {
    const { set, source } = preview({ kind: "text", text: "hunter2", bytes: 7, isComplete: true });
    void crossings.request(paste(HOME, WEB, { preview: source, isSecret: true }));
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    set({ kind: "text", text: "hunter22", bytes: 8, isComplete: true });
    set({ kind: "hidden", characters: 8 });
    expect(JSON.stringify([page.asked, page.events])).not.toContain("hunter");
    expect(page.events.at(-1)?.payload).toMatchObject({ preview: { kind: "hidden", characters: 8 } });
  });
});

it("nothing crosses while the audit log cannot be written", async () => {
  await audit.close();
  fs.renameSync(path.join(folder, "audit.jsonl"), path.join(folder, "elsewhere"));
  fs.mkdirSync(path.join(folder, "audit.jsonl"));
  expect(await crossings.request(paste(HOME, MAIL))).toMatchObject({ allowed: false, seq: null });
  const asked = crossings.request(paste(HOME, WEB));
  await answer("once");
  expect(await asked).toMatchObject({ allowed: false });
  expect(audit.problem).not.toBeNull();
  fs.rmdirSync(path.join(folder, "audit.jsonl"));
  fs.renameSync(path.join(folder, "elsewhere"), path.join(folder, "audit.jsonl"));
  expect(await crossings.request(paste(HOME, MAIL))).toMatchObject({ allowed: true });
  expect(audit.problem).toBeNull();
});
