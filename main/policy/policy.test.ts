import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { fakeTimeouts } from "../../scripts/testing/fake-timeouts.ts";
import { HOST, type VmParty } from "./crossing.ts";
import { DEFAULT_POLICY } from "./default-policy.ts";
import { Policy } from "./policy.ts";

const idOf = (digit: number): VmId => `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as VmId;

function vm(name: string, digit: number, label: VmParty["label"] = "lagoon"): VmParty {
  return { kind: "vm", id: idOf(digit), name, label, role: "app", template: "debian" };
}

let folder: string;
let vms: VmParty[];
let now: number;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-policy-"));
  fs.mkdirSync(path.join(folder, "state"));
  vms = [vm("home", 1), vm("web", 2, "coral")];
  now = Date.parse("2026-11-28T12:00:00Z");
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

function makePolicy(): Policy {
  const [configFolder, stateFolder] = [path.join(folder, "config"), path.join(folder, "state")];
  return new Policy({ configFolder, stateFolder, vms: () => vms, now: () => now });
}

async function opened(text?: string): Promise<Policy> {
  const policy = makePolicy();
  if (text !== undefined) write(policy, text);
  await policy.open();
  return policy;
}

function write(policy: Policy, text: string): void {
  fs.mkdirSync(path.dirname(policy.file), { recursive: true });
  fs.writeFileSync(policy.file, text);
}

const RULE = "rules:\n  - action: clipboard.paste\n    from: home\n    to: web\n    decision: allow\n";
const TEST = "tests:\n  - action: clipboard.paste\n    from: home\n    to: web\n    expect: allow\n";

function paste(policy: Policy): string {
  return policy.check("clipboard.paste", "home", "web", "text/plain").decision;
}

describe("the file", () => {
  it("is written at the first start, and holds", async () => {
    const policy = await opened();
    expect(fs.readFileSync(policy.file, "utf8")).toBe(DEFAULT_POLICY);
    expect(policy.problem).toBeNull();
    expect(await policy.test()).not.toContainEqual(expect.objectContaining({ ok: false }));
    expect(paste(policy)).toBe("ask");
  });

  it("is never written over, and one that was deleted does not come back by itself", async () => {
    const policy = await opened(RULE);
    expect(fs.readFileSync(policy.file, "utf8")).toBe(RULE);
    fs.rmSync(policy.file);
    const again = await opened();
    expect(fs.existsSync(policy.file)).toBe(false);
    expect([paste(again), again.problem?.reason]).toEqual(["deny", expect.stringContaining("cannot be read")]);
  });

  it("with a mistake lets nothing cross, and says where; the rules come back with it", async () => {
    const policy = await opened(RULE);
    expect(paste(policy)).toBe("allow");
    write(policy, `${RULE}  - {action: exec}\n`);
    await policy.load();
    expect(policy.problem).toMatchObject({ file: policy.file, line: 6 });
    const answer = policy.check("clipboard.paste", "home", "web", null);
    expect(answer).toMatchObject({ decision: "deny", rule: null });
    expect(answer.explanation).toContain("until policy.yaml is fixed");
    expect(policy.decide({ action: "exec", from: HOST, to: vms[0] ?? HOST, type: null, bytes: null }).decision).toBe(
      "deny",
    );
    expect(policy.rules).toEqual([]);
    write(policy, RULE);
    await policy.load();
    expect([policy.problem, paste(policy)]).toEqual([null, "allow"]);
  });

  it("with a mistake that stays is logged once, however often it is read", async () => {
    const logged = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const policy = await opened("rules: 1");
    await policy.load();
    expect(logged).toHaveBeenCalledTimes(1);
    // Made again after it was mended it is news.
    for (const text of [RULE, "rules: 1"]) {
      write(policy, text);
      await policy.load();
    }
    expect(logged).toHaveBeenCalledTimes(2);
    logged.mockRestore();
  });

  it("is not taken when one of its tests fails: the rules before stay in force, after a start too", async () => {
    const policy = await opened(RULE + TEST);
    const changed = RULE.replace("allow", "deny") + TEST;
    write(policy, changed);
    await policy.load();
    expect(policy.problem).toMatchObject({ line: 7, reason: expect.stringContaining("expects allow") as string });
    expect(paste(policy)).toBe("allow");
    const again = await opened();
    expect([paste(again), again.problem?.line]).toEqual(["allow", 7]);
  });

  it("whose tests fail at the very first start lets nothing cross, and does not say that other rules do", async () => {
    const policy = await opened(RULE.replace("allow", "deny") + TEST);
    expect([paste(policy), policy.rules, policy.state]).toEqual(["deny", [], "broken"]);
    expect(policy.problem?.reason).toMatch(/they are not taken$/u);
  });

  it("whose tests fail after it had a mistake leaves the rules in force that were so before the mistake", async () => {
    const policy = await opened(RULE + TEST);
    write(policy, `${RULE}  - {action: exec}\n`);
    await policy.load();
    expect(paste(policy)).toBe("deny");
    write(policy, RULE.replace("allow", "deny") + TEST);
    await policy.load();
    expect([paste(policy), policy.state]).toEqual(["allow", "not-taken"]);
    expect(policy.problem?.reason).toMatch(/those before stay in force$/u);
  });

  it("has tests that hold while no scanner works, where a scanner decides what the rule lets through", async () => {
    const scanned = (action: string, expected: string): string =>
      `rules: [{action: ${action}, from: home, to: web, scan: true, decision: allow}]\n` +
      `tests: [{action: ${action}, from: home, to: web, expect: ${expected}}]\n`;
    for (const action of ["file.send", "file.open"]) {
      const policy = await opened(scanned(action, "allow"));
      expect([policy.state, await policy.test()]).toMatchObject(["in-force", [{ actual: "allow", ok: true }]]);
      // Nothing crosses unscanned all the same.
      expect(policy.check("file.send", "home", "web", null).decision).toBe("deny");
      expect(policy.tryText(scanned(action, "deny")).tests).toMatchObject([{ actual: "allow", ok: false }]);
    }
    // No scanner looks at what is pasted.
    expect((await opened(scanned("clipboard.paste", "deny"))).state).toBe("in-force");
  });

  it("is read again when a person has edited it", async () => {
    const policy = await opened(RULE);
    const changed = vi.fn<() => void>();
    const stop = await policy.watch(changed);
    write(policy, RULE.replace("allow", "ask"));
    await vi.waitFor(() => expect(changed).toHaveBeenCalled());
    stop();
    expect(paste(policy)).toBe("ask");
  });
});

describe("a name in a rule", () => {
  it("is bound to the VM that has it: a new one with its name inherits nothing", async () => {
    const policy = await opened(RULE);
    vms = [vm("home", 3), vm("web", 2, "coral")];
    policy.vmsChanged();
    expect(paste(policy)).toBe("deny");
    expect(policy.warnings).toEqual([
      { file: policy.file, line: 2, column: 1, reason: '"home" matches nothing: that VM was removed' },
    ]);
    const again = await opened();
    expect(paste(again)).toBe("deny");
  });

  it.each([
    ["while the application runs", false],
    ["over its next start", true],
  ])("stays bound when a file that does not mention it is not taken, %s", async (_when, isStartedAgain) => {
    let policy = await opened(RULE);
    vms = [vm("home", 3), vm("web", 2, "coral")];
    write(policy, "rules: []\ntests: [{action: exec, from: '@host', to: web, expect: allow}]\n");
    if (isStartedAgain) policy = await opened();
    else await policy.load();
    expect(policy.state).toBe("not-taken");
    policy.vmsChanged();
    expect(paste(policy)).toBe("deny");
  });

  it("stays bound when a file that is broken is followed by one that does not mention it and is not taken", async () => {
    const policy = await opened(RULE);
    vms = [vm("home", 3), vm("web", 2, "coral")];
    for (const text of [
      "rules: 1",
      "rules: []\ntests: [{action: exec, from: '@host', to: web, expect: allow}]\n",
      await policy.text(),
    ]) {
      write(policy, text);
      await policy.load();
    }
    expect(policy.state).toBe("in-force");
    expect(paste(policy)).toBe("deny");
  });

  it("is bound to the first VM that will have it", async () => {
    vms = [vm("web", 2, "coral")];
    const policy = await opened(RULE);
    expect(policy.warnings).toMatchObject([{ reason: '"home" matches nothing: there is no VM of that name yet' }]);
    vms = [vm("home", 4), ...vms];
    policy.vmsChanged();
    expect([paste(policy), policy.warnings]).toEqual(["allow", []]);
  });

  it("goes with a VM that is renamed", async () => {
    const policy = await opened(RULE);
    vms = [vm("flat", 1), vm("web", 2, "coral")];
    policy.vmsChanged();
    expect(policy.check("clipboard.paste", "flat", "web", null).decision).toBe("allow");
  });

  it("of a VM that another one may connect to is bound as well", async () => {
    const to = '"@vm:printer:631"';
    const text = `rules:\n  - {action: net.connect, from: home, to: ${to}, decision: allow}\n`;
    vms = [...vms, vm("printer", 3)];
    const policy = await opened(text);
    const decided = () => policy.check("net.connect", "home", "@vm:printer:631", null);
    expect(policy.check("net.connect", "home", "printer.vm.internal:631", null)).toEqual(decided());
    expect(policy.check("net.connect", "home", "none.vm.internal:631", null).decision).toBe("deny");
    expect(decided()).toEqual({
      decision: "allow",
      rule: { line: 2, text: "action: net.connect, from: home, to: @vm:printer:631, decision: allow" },
      explanation: "Line 2 of policy.yaml allows net.connect from home to @vm:printer:631.",
    });
    expect(policy.check("net.connect", "home", "@vm:printer:80", null)).toEqual({
      decision: "deny",
      rule: null,
      explanation:
        "No rule of policy.yaml lets it connect to that VM: net.connect from home to @vm:printer:80 is denied.",
    });
    vms = [...vms.slice(0, 2), vm("printer", 4)];
    policy.vmsChanged();
    expect(decided().decision).toBe("deny");
    expect(policy.warnings).toMatchObject([{ line: 2, reason: '"printer" matches nothing: that VM was removed' }]);
    expect(policy.unbound).toEqual([{ name: "printer", lines: [2], fate: "removed", hasHeir: true }]);
    policy.takeOver("printer");
    expect([decided().decision, policy.warnings]).toEqual(["allow", []]);
    vms = vms.slice(0, 2);
    expect(() => decided()).toThrow(expect.objectContaining({ code: "vm.not-found" }));
  });

  it("stays bound when the file is empty for a moment, as while an editor writes it, and is free when it stays empty", async () => {
    const policy = await opened(RULE);
    vms = [vm("home", 3), vm("web", 2, "coral")];
    const timeoutIsSet = fakeTimeouts();
    /** It is empty when it is read, and `text` a moment later. */
    const emptied = async (text: string): Promise<void> => {
      write(policy, "");
      const loaded = policy.load();
      await timeoutIsSet(500);
      write(policy, text);
      vi.advanceTimersByTime(500);
      await loaded;
      await policy.load();
    };
    await emptied(RULE);
    expect([paste(policy), policy.unbound]).toMatchObject(["deny", [{ name: "home", fate: "removed" }]]);
    expect(await policy.lastGood()).toBe(RULE);
    await emptied("");
    expect([policy.state, policy.rules, await policy.lastGood()]).toEqual(["in-force", [], ""]);
    write(policy, RULE);
    await policy.load();
    expect(paste(policy)).toBe("allow");
  });

  it("is free again when no rule mentions it any more", async () => {
    const policy = await opened(RULE);
    vms = [vm("home", 3), vm("web", 2, "coral")];
    write(policy, "rules: []\n");
    await policy.load();
    write(policy, RULE);
    await policy.load();
    expect(paste(policy)).toBe("allow");
  });
});

it("a rule ends with its time", async () => {
  const policy = await opened(RULE.replace("decision", "until: 2026-11-28T12:10:00Z\n    decision"));
  expect(policy.rules).toMatchObject([{ until: "2026-11-28T12:10:00.000Z" }]);
  expect(paste(policy)).toBe("allow");
  now += 600_000;
  expect(paste(policy)).toBe("deny");
});

it("that a rule has ended is told, also when something was decided at that moment", async () => {
  const policy = await opened(RULE.replace("decision", "until: 2026-11-28T12:00:00.050Z\n    decision"));
  const changed = new Promise<void>((resolve) => policy.on("changed", resolve));
  while (paste(policy) === "allow") await new Promise((resolve) => setImmediate(resolve));
  await changed;
  expect(paste(policy)).toBe("deny");
});

describe("a crossing in words", () => {
  it.each([
    ["a VM that is not there", "home", "mars", "vm.not-found"],
    ["a name that is none", "Home!", "web", "vm.not-found"],
  ])("%s is refused", async (_what, from, to, code) => {
    const policy = await opened();
    expect(() => policy.check("clipboard.paste", from, to, null)).toThrow(expect.objectContaining({ code }));
  });

  it("a type of files that are sent is refused, as no rule has one", async () => {
    const policy = await opened();
    expect(policy.check("file.send", "home", "web", null).decision).toBe("ask");
    expect(() => policy.check("file.send", "home", "web", "application/pdf")).toThrow(
      expect.objectContaining({ code: "usage.bad-argument" }),
    );
  });

  it("a destination that is none is refused", async () => {
    const policy = await opened();
    expect(() => policy.check("net.connect", "home", "a b", null)).toThrow(
      expect.objectContaining({ code: "usage.bad-argument" }),
    );
  });

  it("may be of groups, and its type may have parameters", async () => {
    const policy = await opened(
      RULE.replace("from: home", 'from: "@label:lagoon"').replace("decision", "type: text/plain\n    decision"),
    );
    expect(policy.check("clipboard.paste", "@label:lagoon", "web", "Text/Plain; charset=utf-8").decision).toBe("allow");
    expect(policy.check("clipboard.paste", "@label:coral", "web", "text/plain").decision).toBe("deny");
    expect(policy.check("exec", "@host", "@disposable", null).decision).toBe("deny");
  });
});

describe("an edit", () => {
  it("that is the first to name a VM is looked at as it will count", async () => {
    const policy = await opened("rules: []\n");
    expect(
      policy.decisionsOf(RULE)({
        action: "clipboard.paste",
        from: vm("home", 1),
        to: vm("web", 2),
        type: null,
        bytes: null,
      }),
    ).toBe("allow");
    expect(policy.tryText(RULE + TEST).tests).toMatchObject([{ actual: "allow", ok: true }]);
    await policy.replace(await policy.text(), RULE + TEST);
    expect(paste(policy)).toBe("allow");
  });

  it("counts at once", async () => {
    const policy = await opened(RULE);
    await policy.replace(RULE, RULE.replace("allow", "ask"));
    expect(paste(policy)).toBe("ask");
  });

  it.each([
    ["has a mistake", "rules: {}\n", "policy.broken"],
    ["fails a test", RULE.replace("allow", "deny") + TEST, "policy.broken"],
  ])("that %s leaves the file as it was", async (_what, text, code) => {
    const policy = await opened(RULE);
    await expect(policy.replace(RULE, text)).rejects.toMatchObject({ code });
    expect(fs.readFileSync(policy.file, "utf8")).toBe(RULE);
    expect(paste(policy)).toBe("allow");
  });

  it("of a file that was changed meanwhile is refused", async () => {
    const policy = await opened(RULE);
    write(policy, `# new\n${RULE}`);
    await expect(policy.replace(RULE, "rules: []\n")).rejects.toMatchObject({ code: "policy.changed" });
    expect(fs.readFileSync(policy.file, "utf8")).toContain("# new");
  });
});
