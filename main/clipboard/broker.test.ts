import { describe, expect, test, vi } from "vitest";
import type { Vm } from "../vms/vm.ts";
import { ClipDesk, settled, TEXT } from "./testing/clip-desk.ts";

const PNG = "image/png";

/** Something was copied in `home`, and can be pasted in `web`, as far as `decision` goes. */
function copied(decision: "allow" | "ask" = "allow"): { desk: ClipDesk; home: Vm; web: Vm } {
  const desk = new ClipDesk();
  const [home, web] = [desk.vm("home"), desk.vm("web")];
  desk.rules.set("web", decision);
  desk.copy(home, 1, { types: ["text/plain", "text/html", PNG] });
  return { desk, home, web };
}

describe("copying", () => {
  test.each([
    { sinceInputMs: 0, isCurrent: true },
    { sinceInputMs: 5_000, isCurrent: true },
    { sinceInputMs: 5_001, isCurrent: false },
    { sinceInputMs: null, isCurrent: false },
  ])("an offer counts when it answers its person: $sinceInputMs ms after a key", ({ sinceInputMs, isCurrent }) => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.copy(home, 1, { sinceInputMs });
    expect(desk.offers(web)).toEqual(isCurrent ? [TEXT] : []);
    expect(desk.offers(home)).toEqual([]);
    // In its own VM it is pasted all the same.
    expect(desk.broker.ownOf(home)).not.toBeNull();
  });

  test("an offer counts also when the focus has moved on meanwhile", () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.focused = web;
    desk.copy(home, 1, { sinceInputMs: 3_000 });
    expect(desk.offers(web)).toEqual([TEXT]);
  });

  test("a late offer is not taken over a newer copy in another VM", async () => {
    const desk = new ClipDesk();
    const [home, web, work] = [desk.vm("home"), desk.vm("web"), desk.vm("work")];
    await desk.pass(3_000);
    desk.copy(web, 1, { sinceInputMs: 1_000 });
    desk.copy(home, 1, { sinceInputMs: 2_000 });
    expect(desk.broker.current?.from).toMatchObject({ name: "web" });
    expect(desk.announced(work)).toHaveLength(1);
  });

  test("of two VMs that copy at one moment the last that said so counts", () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.copy(home, 1);
    desk.copy(web, 1);
    expect(desk.broker.current?.from).toMatchObject({ name: "web" });
    expect(desk.offers(home)).toEqual([TEXT]);
  });

  test("a program in the background that offers something else takes the clip away, and puts nothing in its place", () => {
    const { desk, home, web } = copied();
    desk.copy(home, 2, { sinceInputMs: null });
    expect(desk.broker.current).toBeNull();
    expect(desk.offers(web)).toEqual([]);
    desk.copy(home, 3, { sinceInputMs: 60_000 });
    expect(desk.broker.current).toBeNull();
  });

  test("a program in the background of another VM changes nothing", () => {
    const { desk, web } = copied();
    desk.copy(web, 1, { sinceInputMs: null });
    expect(desk.broker.current?.from).toMatchObject({ name: "home" });
  });

  test("what is marked with the mouse stays in its VM", () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.broker.offered(home, { selection: "primary", generation: 1, types: ["text/plain"], sinceInputMs: 0 });
    expect(desk.announced(web)).toEqual([]);
    expect(desk.broker.ownOf(home)).toBeNull();
  });

  test("a copy of what never leaves its VM takes the former clip away: nobody pastes what was copied before", () => {
    const { desk, home, web } = copied();
    desk.copy(home, 2, { types: ["application/x-own"] });
    expect(desk.offers(web)).toEqual([]);
  });

  test("what the command has put there counts as its person's copy", async () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    void desk.broker.putDone(home);
    desk.copy(home, 1, { sinceInputMs: null });
    expect(desk.offers(web)).toEqual([TEXT]);
    desk.copy(home, 2, { sinceInputMs: null });
    expect(desk.offers(web)).toEqual([]);
    void desk.broker.putDone(home);
    await desk.pass(5_001);
    desk.copy(home, 3, { sinceInputMs: null });
    expect(desk.offers(web)).toEqual([]);
  });

  test("copies of a person are told, for the history; others are not", () => {
    const desk = new ClipDesk();
    const home = desk.vm("home");
    const heard: number[] = [];
    desk.broker.on("copied", ({ id }) => heard.push(id));
    desk.copy(home, 1, { sinceInputMs: null });
    desk.copy(home, 2);
    expect(heard).toEqual([2]);
  });
});

describe("announcing", () => {
  test("a VM learns the types that the policy would let it have", () => {
    const desk = new ClipDesk();
    const [home, web, work] = [desk.vm("home"), desk.vm("web"), desk.vm("work")];
    desk.rules.set("web text/html", "deny").set("work", "deny");
    desk.copy(home, 1, { types: ["text/html", "text/plain"] });
    expect(desk.offers(web)).toEqual([TEXT]);
    expect(desk.announced(work)).toEqual([]);
  });

  test("offer ids rise over all VMs", () => {
    const { desk, home, web } = copied();
    desk.copy(web, 1);
    desk.copy(home, 2);
    const ids = [...desk.announced(web), ...desk.announced(home)].map(({ announced }) => announced);
    expect(new Set(ids).size).toBe(ids.length);
    expect(desk.announced(web).map(({ announced }) => announced)).toEqual([1, 3]);
  });

  test("a VM that comes later is told", () => {
    const { desk } = copied();
    expect(desk.offers(desk.vm("work"))).toEqual([TEXT, "text/html", PNG]);
  });

  test.each(["the program has quit", "the VM has gone"])("it is taken back when %s", (reason) => {
    const { desk, home, web } = copied();
    if (reason === "the VM has gone") desk.broker.closed(home);
    else desk.copy(home, 1, { types: [], sinceInputMs: null });
    expect(desk.broker.current).toBeNull();
    expect(desk.offers(web)).toEqual([]);
    expect(desk.announced(web)).toHaveLength(2);
  });

  test("a change of the policy is told, and no VM hears what it knows", () => {
    const { desk, web } = copied();
    const work = desk.vm("work");
    desk.rules.set("web text/html", "deny");
    desk.broker.policyChanged();
    expect(desk.offers(web)).toEqual([TEXT, PNG]);
    expect(desk.announced(work)).toHaveLength(1);
  });

  test("a broken policy takes it back from all, and it comes back with the policy", () => {
    const { desk, web } = copied();
    desk.isPolicyBroken = true;
    desk.broker.policyChanged();
    expect(desk.offers(web)).toEqual([]);
    desk.isPolicyBroken = false;
    desk.broker.policyChanged();
    expect(desk.offers(web)).toEqual([TEXT, "text/html", PNG]);
  });

  test("a VM's own later copy stays there, until its program quits", () => {
    const { desk, web } = copied();
    const before = desk.offer(web);
    desk.copy(web, 1, { sinceInputMs: null });
    desk.broker.policyChanged();
    expect(desk.offer(web)).toBe(before);
    desk.press(web);
    desk.want(web, 1, TEXT, before);
    expect(desk.refused(web)).toEqual([1]);
    expect(desk.readings).toEqual([]);
    desk.copy(web, 1, { types: [], sinceInputMs: null });
    expect(desk.offer(web)).toBeGreaterThan(before);
  });

  test("a secret is over after 30 s, by the host's own clock", async () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.copy(home, 1, { types: ["text/plain", "x-kde-passwordManagerHint"] });
    await desk.pass(29_999);
    expect(desk.offers(web)).toEqual([TEXT]);
    await desk.pass(1);
    expect(desk.offers(web)).toEqual([]);
    expect(desk.broker.ownOf(home)).toBeNull();
  });

  test("a secret that was copied over does not take its successor along", async () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.copy(home, 1, { types: ["text/plain", "x-kde-passwordManagerHint"] });
    await desk.pass(10_000);
    desk.copy(home, 2);
    await desk.pass(20_000);
    expect(desk.offers(web)).toEqual([TEXT]);
  });
});

describe("pasting where the policy allows it", () => {
  test("the content goes ahead at the key press, in the type that is asked for most", async () => {
    const { desk, home, web } = copied();
    desk.press(web);
    await settled();
    expect(desk.delivered.map(({ type, target }) => [type, target])).toEqual([
      [TEXT, { kind: "ahead", vm: web, offer: desk.offer(web), chord: null }],
    ]);
    expect(desk.readings[0]?.source).toMatchObject({ kind: "vm", vm: home, generation: 1, type: "text/plain" });
    await desk.readings[0]?.end();
    desk.want(web, 1, PNG);
    desk.press(web);
    await settled();
    expect(desk.readings.at(-1)?.type).toBe(PNG);
  });

  test.each(["ahead", "request", "asked"])("no more goes than the rule lets through: %s", async (kind) => {
    const { desk, web } = copied(kind === "asked" ? "ask" : "allow");
    desk.ruleBytes = 1_000;
    if (kind === "request") desk.copy(desk.vm("side"), 1, { types: ["text/plain", "x-kde-passwordManagerHint"] });
    desk.press(web);
    if (kind !== "ahead") desk.want(web, 1);
    await desk.asked[0]?.answer("person", true);
    await settled();
    expect(desk.delivered).toMatchObject([
      { target: { kind: kind === "ahead" ? "ahead" : "request" }, ruleBytes: 1_000 },
    ]);
    desk.delivered[0]?.take();
    await desk.delivered[0]?.end({ outcome: "failed", bytes: 0, by: "size" });
    expect(desk.told).toMatchObject([
      { end: { bytes: 0, detail: "it has more than the 1000 bytes that the rule lets through" } },
    ]);
  });

  test("what was sent ahead is a paste when a program has taken it", async () => {
    const { desk, web } = copied();
    desk.press(web);
    await settled();
    await desk.readings[0]?.end();
    expect(desk.told).toEqual([]);
    await desk.pass(1_999);
    desk.readings[0]?.take();
    await desk.pass(1_001);
    expect(desk.told.map(({ end }) => end)).toEqual([{ bytes: 12, characters: 12, detail: "" }]);
  });

  test.each([
    [{}, { bytes: 12, characters: 12, detail: "sent ahead, but no program asked for it" }],
    [
      { outcome: "failed", bytes: 5, by: "source" } as const,
      { bytes: 5, detail: "its source took it back, or did not answer in time" },
    ],
  ])("what was sent ahead and lapses is in the log, and nobody is told of a paste: %j", async (how, end) => {
    const { desk, web } = copied();
    desk.press(web);
    await settled();
    await desk.readings[0]?.end(how);
    await desk.pass(2_999);
    expect(desk.told).toEqual([]);
    await desk.pass(1);
    expect(desk.told.map((one) => one.end)).toEqual([{ ...end, isQuiet: true }]);
  });

  test("what was sent ahead and has failed serves nobody: a request after that has a reading of its own", async () => {
    const { desk, web } = copied();
    desk.press(web);
    await settled();
    await desk.readings[0]?.end({ outcome: "failed", bytes: 0, by: "source" });
    desk.want(web, 1);
    await settled();
    expect(desk.readings[0]?.answered).toEqual([]);
    expect(desk.delivered.map(({ target }) => target?.kind)).toEqual(["ahead", "request"]);
  });

  test("a request that crosses it on its way is answered by it: one paste, told once", async () => {
    const { desk, web } = copied();
    desk.press(web);
    desk.want(web, 1);
    await settled();
    expect(desk.readings.map(({ target, answered }) => [target?.kind, answered])).toEqual([["ahead", [1]]]);
    await desk.readings[0]?.end();
    expect(desk.told).toHaveLength(1);
    // Another program's, or the same one's for the second time.
    desk.want(web, 2);
    await settled();
    expect(desk.delivered.map(({ target }) => target?.kind)).toEqual(["ahead", "request"]);
  });

  test("a request that comes after it was sent is answered by it, unless a program has it or the agent has dropped it", async () => {
    const { desk, web } = copied();
    desk.press(web);
    await settled();
    desk.want(web, 1);
    expect(desk.readings.map(({ answered }) => answered)).toEqual([[1]]);
    await desk.pass(2_000);
    desk.press(web);
    await settled();
    desk.readings[1]?.take();
    desk.want(web, 2);
    await settled();
    expect(desk.delivered.map(({ target }) => target?.kind)).toEqual(["ahead", "ahead", "request"]);
    await desk.pass(2_000);
    desk.press(web);
    await settled();
    await desk.pass(2_000);
    desk.want(web, 3);
    await settled();
    expect(desk.delivered.map(({ target }) => target?.kind)).toEqual(["ahead", "ahead", "request", "ahead", "request"]);
  });

  test("the input behind the chord waits for what goes ahead, and no longer than that has failed, or has gone", async () => {
    const { desk, web } = copied();
    desk.press(web, 1);
    await settled();
    expect(desk.delivered.map(({ target }) => target)).toMatchObject([{ kind: "ahead", chord: 1 }]);
    expect(desk.settled).toEqual([]);
    await desk.readings[0]?.end({ outcome: "failed", bytes: 0, by: "source" });
    expect(desk.settled).toEqual([1]);
    desk.press(web, 2);
    await settled();
    await desk.readings[1]?.end();
    expect(desk.settled).toEqual([1, 2]);
  });

  test.each<[string, (desk: ClipDesk, home: Vm, web: Vm) => unknown]>([
    ["the policy asks", (desk) => desk.rules.set("web", "ask")],
    [
      "the policy denies",
      (desk) => {
        desk.rules.set("web", "deny");
        desk.broker.policyChanged();
      },
    ],
    ["the policy has changed, and nobody has said so yet", (desk) => (desk.isPolicyBroken = true)],
    ["it is a secret", (desk, home) => desk.copy(home, 2, { types: ["text/plain", "x-kde-passwordManagerHint"] })],
    ["it is of files", (desk, home) => desk.copy(home, 2, { types: ["x-special/gnome-copied-files"] })],
    ["nothing is copied", (desk, home) => desk.copy(home, 2, { types: [] })],
    ["it is the VM's own", (desk, _home, web) => desk.copy(web, 1)],
    ["a program has asked already", (desk, _home, web) => ((desk.focused = web), desk.want(web, 1))],
  ])("the input behind the chord waits for nothing: %s", async (_why, before) => {
    const { desk, home, web } = copied();
    before(desk, home, web);
    desk.press(web, 7);
    expect(desk.delivered.filter(({ target }) => target?.kind === "ahead")).toEqual([]);
    expect(desk.settled).toEqual([7]);
    await settled();
  });

  test("the input behind the chord waits for nothing where the gate refuses after all", async () => {
    const { desk, web } = copied();
    const { gate } = desk.ports;
    const refused = {
      allowed: false,
      by: "rule",
      rule: null,
      maxBytes: null,
      explanation: "the log is full",
      seq: 1,
    } as const;
    vi.spyOn(gate, "request").mockResolvedValue(refused);
    desk.press(web, 3);
    await settled();
    expect(desk.delivered).toEqual([]);
    expect(desk.settled).toEqual([3]);
  });

  test("of contents that go ahead there are four at most: the input behind a further chord waits for none", async () => {
    const { desk, web } = copied();
    for (const chord of [1, 2, 3, 4, 5]) desk.press(web, chord);
    await settled();
    expect(desk.settled).toEqual([5]);
  });

  test("a picture goes ahead where there is no text", async () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.copy(home, 1, { types: ["text/html", "image/png"] });
    desk.press(web);
    await settled();
    expect(desk.delivered[0]?.type).toBe(PNG);
  });

  test("a secret does not go ahead; its request is served", async () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.copy(home, 1, { types: ["text/plain", "x-kde-passwordManagerHint"] });
    desk.press(web);
    await settled();
    expect(desk.readings).toEqual([]);
    desk.want(web, 1);
    await settled();
    expect(desk.delivered[0]?.target).toEqual({ kind: "request", vm: web, request: 1 });
  });

  test.each([
    { passedMs: 2_000, isServed: true },
    { passedMs: 2_001, isServed: false },
  ])("a request counts $passedMs ms after the key: $isServed", async ({ passedMs, isServed }) => {
    const { desk, web } = copied();
    desk.press(web);
    await settled();
    await desk.pass(passedMs);
    desk.want(web, 1);
    await settled();
    expect(desk.delivered.some(({ target }) => target?.kind === "request")).toBe(isServed);
    expect(desk.broker.waiting).toHaveLength(isServed ? 0 : 1);
  });

  test("the window menu's entry holds for 10 s, and sends nothing ahead", async () => {
    const { desk, web } = copied();
    desk.focused = web;
    desk.broker.gesture(web, "menu");
    await desk.pass(10_000);
    expect(desk.readings).toEqual([]);
    desk.want(web, 1);
    await settled();
    expect(desk.delivered).toHaveLength(1);
  });

  test("the middle button is no gesture here: what is marked stays in its VM", async () => {
    const { desk, web } = copied();
    desk.focused = web;
    desk.broker.gesture(web, "middle");
    desk.want(web, 1);
    await settled();
    expect(desk.delivered).toEqual([]);
  });

  test("parallel requests for one clip are all served: one by what was sent ahead, the others each by a reading of its own", async () => {
    const { desk, web } = copied();
    desk.press(web);
    for (const [at, type] of [TEXT, "text/html", PNG, TEXT].entries()) desk.want(web, at + 1, type);
    await settled();
    const targets = desk.delivered.flatMap(({ target }) => (target?.kind === "request" ? [target.request] : []));
    expect(desk.readings[0]?.answered).toEqual([1]);
    expect(targets).toEqual([2, 3, 4]);
    expect(desk.refused(web)).toEqual([]);
  });

  test.each([
    ["an old offer", (desk: ClipDesk, web: Vm) => desk.want(web, 1, TEXT, desk.offer(web) - 1)],
    ["an offer that was never made", (desk: ClipDesk, web: Vm) => desk.want(web, 1, TEXT, 999)],
    ["a type that was not announced", (desk: ClipDesk, web: Vm) => desk.want(web, 1, "text/uri-list")],
    [
      "the focus is in another VM",
      (desk: ClipDesk, web: Vm) => {
        desk.focused = desk.vm("work");
        desk.want(web, 1);
      },
    ],
    [
      "no window has the focus",
      (desk: ClipDesk, web: Vm) => {
        desk.focused = null;
        desk.want(web, 1);
      },
    ],
  ])("a request is refused at once, gesture or not: %s", async (_, want) => {
    const { desk, web } = copied();
    desk.broker.gesture(web, "menu");
    desk.focused = web;
    want(desk, web);
    await settled();
    expect(desk.refused(web)).toEqual([1]);
    expect(desk.readings).toEqual([]);
    expect(desk.broker.waiting).toEqual([]);
  });

  test("a program that asks 1,000 times after one key press gets 64 readings, and the person one bar", async () => {
    const { desk, web } = copied("allow");
    desk.press(web);
    for (let request = 1; request <= 1_000; request += 1) {
      desk.want(web, request);
      desk.broker.dropped(web, request);
    }
    await settled();
    expect(desk.readings.length).toBeLessThanOrEqual(1 + 64);
    expect(desk.broker.waiting).toHaveLength(1);
  });

  test("no more than 64 of its requests are open at once", () => {
    const { desk, web } = copied();
    desk.focused = web;
    for (let request = 1; request <= 70; request += 1) desk.want(web, request);
    expect(desk.refused(web)).toEqual([65, 66, 67, 68, 69, 70]);
  });

  test("its source goes in the middle: the program gets the end, and the log says why", async () => {
    const { desk, home, web } = copied();
    desk.press(web);
    desk.want(web, 1, PNG);
    await settled();
    desk.broker.closed(home);
    await desk.delivered
      .find(({ target }) => target?.kind === "request")
      ?.end({
        outcome: "failed",
        bytes: 5,
        by: "source",
      });
    expect(desk.told.at(-1)?.end).toEqual({
      bytes: 5,
      detail: "its source took it back, or did not answer in time",
    });
    // What was given is not refused, too.
    expect(desk.refused(web)).toEqual([]);
  });

  test("its target goes in the middle: what is read for it is cancelled", async () => {
    const { desk, web } = copied();
    desk.press(web);
    desk.want(web, 1, PNG);
    await settled();
    desk.broker.closed(web);
    expect(desk.readings.map(({ isCancelled }) => isCancelled)).toEqual([true, true]);
  });

  test("a program that wants it no longer: what is read for it is cancelled", async () => {
    const { desk, web } = copied();
    desk.focused = web;
    desk.broker.gesture(web, "menu");
    desk.want(web, 1);
    await settled();
    desk.broker.dropped(web, 1);
    expect(desk.readings[0]?.isCancelled).toBe(true);
  });

  test("a policy that breaks meanwhile ends what is on its way", async () => {
    const { desk, web } = copied();
    desk.press(web);
    desk.want(web, 1, PNG);
    await settled();
    desk.isPolicyBroken = true;
    desk.broker.policyChanged();
    await settled();
    expect(desk.readings.map(({ isCancelled }) => isCancelled)).toEqual([true, true]);
    desk.want(web, 2);
    expect(desk.refused(web)).toEqual([2]);
  });
});

describe("pasting where the policy denies it", () => {
  test("the person is told once for each clip, at the key", async () => {
    const { desk, home, web } = copied();
    desk.rules.set("web", "deny");
    desk.broker.policyChanged();
    desk.press(web);
    desk.press(web);
    expect(desk.requests).toHaveLength(1);
    desk.copy(home, 2);
    desk.press(web);
    expect(desk.requests).toHaveLength(2);
    await settled();
    expect(desk.readings).toEqual([]);
  });

  test("nothing is told where the VM pastes what it has copied itself", () => {
    const { desk, web } = copied();
    desk.copy(web, 1, { sinceInputMs: null });
    desk.rules.set("web", "deny");
    desk.press(web);
    expect(desk.requests).toEqual([]);
  });
});

describe("pasting where the policy asks", () => {
  test("a picture is looked at before the answer, a secret and what needs no question is not", () => {
    const { desk, home, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1, PNG);
    desk.copy(home, 2, { types: ["image/png", "x-kde-passwordManagerHint"] });
    desk.press(web);
    desk.want(web, 2, PNG);
    desk.rules.set("web", "allow");
    desk.copy(home, 3, { types: ["image/png"] });
    desk.press(web);
    expect(desk.readings.map(({ isLookedAt }) => isLookedAt)).toEqual([true, false, false]);
  });

  test("the key alone asks nothing and sends nothing", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    await settled();
    expect(desk.asked).toEqual([]);
    expect(desk.readings).toEqual([]);
  });

  test("a request after the key asks, with a preview; then the content goes", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    const [asked] = desk.asked;
    expect(asked?.request).toMatchObject({ app: "Mousepad", isSecret: false, onceForMs: 10_000 });
    expect(asked?.request.preview?.current).toEqual({
      kind: "text",
      text: "secret plans",
      bytes: 12,
      isComplete: true,
    });
    expect(desk.delivered).toEqual([]);
    await asked?.answer("person", true);
    expect(desk.delivered.map(({ target }) => target)).toEqual([{ kind: "request", vm: web, request: 1 }]);
    await desk.readings[0]?.end();
    expect(desk.told).toMatchObject([{ outcome: { by: "person" }, end: { bytes: 12 } }]);
  });

  test("of a secret the preview has its length alone", () => {
    const desk = new ClipDesk();
    const [home, web] = [desk.vm("home"), desk.vm("web")];
    desk.rules.set("web", "ask");
    desk.copy(home, 1, { types: ["text/plain", "x-kde-passwordManagerHint"] });
    desk.press(web);
    desk.want(web, 1);
    expect(desk.asked[0]?.request).toMatchObject({ isSecret: true });
    expect(desk.asked[0]?.request.preview?.current).toEqual({ kind: "hidden", characters: 12 });
  });

  test("requests for one clip join one question, also while no window has the focus because of it", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    desk.focused = null;
    desk.want(web, 2, "text/html");
    expect(desk.asked).toHaveLength(1);
    expect(desk.joined).toEqual([desk.asked[0]?.request.subject]);
    expect(desk.refused(web)).toEqual([]);
    await desk.asked[0]?.answer("person", true);
    expect(desk.delivered.map(({ type }) => type)).toEqual([TEXT, "text/html"]);
  });

  test("a type that the policy denies does not join", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    desk.rules.set("web text/html", "deny");
    desk.want(web, 2, "text/html");
    expect(desk.refused(web)).toEqual([2]);
  });

  test("once holds for 10 s for a program that gave up: the next key sends ahead", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    desk.broker.dropped(web, 1);
    await desk.asked[0]?.answer("person", true);
    expect(desk.delivered).toEqual([]);
    expect(desk.readings[0]?.isCancelled).toBe(true);
    expect(desk.told.at(-1)?.end).toEqual({ bytes: 0, detail: "the program no longer waited: paste again" });
    await desk.pass(10_000);
    desk.press(web);
    await settled();
    expect(desk.delivered.map(({ target }) => target?.kind)).toEqual(["ahead"]);
    await desk.pass(1);
    desk.press(web);
    await settled();
    expect(desk.delivered).toHaveLength(1);
  });

  test("the answer counts as a gesture for what the program asks next, and for no program later", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    await desk.pass(5_000);
    await desk.asked[0]?.answer("person", true);
    desk.want(web, 2, "text/html");
    await settled();
    expect(desk.delivered).toHaveLength(2);
    await desk.pass(2_001);
    desk.want(web, 3);
    await settled();
    expect(desk.delivered).toHaveLength(2);
    expect(desk.broker.waiting).toHaveLength(1);
  });

  test("the answer is no gesture for a newer clip", async () => {
    const { desk, home, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    await desk.pass(5_000);
    await desk.asked[0]?.answer("person", true);
    desk.copy(home, 2);
    desk.want(web, 2);
    await settled();
    expect(desk.asked).toHaveLength(1);
    expect(desk.delivered).toHaveLength(1);
    expect(desk.broker.waiting).toHaveLength(1);
  });

  test("once does not hold for another clip", async () => {
    const { desk, home, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    await desk.asked[0]?.answer("person", true);
    desk.copy(home, 2);
    desk.press(web);
    await settled();
    expect(desk.delivered).toHaveLength(1);
    desk.want(web, 2);
    expect(desk.asked).toHaveLength(2);
  });

  test.each(["person", "lapsed"] as const)(
    "denied (%s): all are refused, and the next ask again only by a gesture",
    async (by) => {
      const { desk, web } = copied("ask");
      desk.press(web);
      desk.want(web, 1);
      desk.want(web, 2, PNG);
      await desk.asked[0]?.answer(by, false);
      expect(desk.refused(web)).toEqual([1, 2]);
      expect(desk.readings[0]?.isCancelled).toBe(true);
      desk.want(web, 3);
      expect(desk.refused(web)).toEqual([1, 2, 3]);
      desk.press(web);
      desk.want(web, 4);
      expect(desk.asked).toHaveLength(2);
    },
  );

  test.each([
    ["its source takes it back", (desk: ClipDesk, home: Vm) => desk.copy(home, 1, { types: [] })],
    ["its VM goes", (desk: ClipDesk, home: Vm) => desk.broker.closed(home)],
    ["something else is copied", (desk: ClipDesk, home: Vm) => desk.copy(home, 2)],
    ["nobody answers", (desk: ClipDesk) => void desk.pass(60_000)],
    [
      "the policy breaks",
      (desk: ClipDesk) => {
        desk.isPolicyBroken = true;
        desk.broker.policyChanged();
      },
    ],
  ])("the question is taken back when %s", async (_, happens) => {
    const { desk, home, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    happens(desk, home);
    await settled();
    expect(desk.asked[0]?.signal?.aborted).toBe(true);
    expect(desk.refused(web)).toEqual([1]);
    expect(desk.delivered).toEqual([]);
    expect(desk.readings[0]?.isCancelled).toBe(true);
  });

  test("the target goes while the person is asked: the question is taken back, and an answer moves nothing", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    desk.want(web, 1);
    desk.broker.closed(web);
    await desk.asked[0]?.answer("person", true);
    expect(desk.asked[0]?.signal?.aborted).toBe(true);
    expect(desk.delivered).toEqual([]);
  });

  test("1,000 requests that give up at once make one question and one reading", async () => {
    const { desk, web } = copied("ask");
    desk.press(web);
    for (let request = 1; request <= 1_000; request += 1) {
      desk.want(web, request);
      desk.broker.dropped(web, request);
    }
    await settled();
    expect(desk.asked).toHaveLength(1);
    expect(desk.readings).toHaveLength(1);
  });
});

describe("the small bar", () => {
  function wantedWithoutGesture() {
    const made = copied();
    made.desk.focused = made.web;
    made.desk.want(made.web, 1);
    return { ...made, bar: made.desk.broker.waiting[0]?.id ?? 0 };
  }

  test("comes when a program of the focused VM asks without a gesture; others join it", () => {
    const { desk, web } = wantedWithoutGesture();
    desk.want(web, 2, PNG);
    expect(desk.broker.waiting).toMatchObject([{ vm: "web", app: "Mousepad", type: TEXT }]);
    expect(desk.asked).toEqual([]);
    expect(desk.readings).toEqual([]);
  });

  test("Paste: all that wait are served", async () => {
    const { desk, web, bar } = wantedWithoutGesture();
    desk.want(web, 2, PNG);
    desk.broker.answered(bar, "paste");
    await settled();
    expect(desk.delivered.map(({ type }) => type)).toEqual([TEXT, PNG]);
    expect(desk.broker.waiting).toEqual([]);
  });

  test("Paste also holds for the next try of a program that gave up", async () => {
    const { desk, web, bar } = wantedWithoutGesture();
    desk.broker.dropped(web, 1);
    desk.broker.answered(bar, "paste");
    desk.want(web, 2);
    await settled();
    expect(desk.delivered.map(({ target }) => target)).toEqual([{ kind: "request", vm: web, request: 2 }]);
  });

  test.each([
    { waits: true, served: [1] },
    { waits: false, served: [] },
  ])("Paste is no gesture for a newer clip, whether the program waits or not: $waits", async ({ waits, served }) => {
    const { desk, home, web, bar } = wantedWithoutGesture();
    if (!waits) desk.broker.dropped(web, 1);
    desk.broker.answered(bar, "paste");
    desk.copy(home, 2);
    desk.want(web, 2);
    await settled();
    const targets = desk.delivered.map(({ target }) => target);
    expect(targets).toEqual(served.map((request) => ({ kind: "request", vm: web, request })));
    expect(desk.broker.waiting).toHaveLength(1);
  });

  test("Paste where the policy asks leads to the question", () => {
    const { desk, web } = copied("ask");
    desk.focused = web;
    desk.want(web, 1);
    desk.broker.answered(desk.broker.waiting[0]?.id ?? 0, "paste");
    expect(desk.asked).toHaveLength(1);
  });

  test("the paste chord answers it, too", async () => {
    const { desk, web } = wantedWithoutGesture();
    desk.press(web);
    await settled();
    expect(desk.delivered.map(({ target }) => target)).toEqual([{ kind: "request", vm: web, request: 1 }]);
  });

  test.each(["ignored", "lapsed"])(
    "%s: refused, and silent for this clip until a gesture or another clip",
    async (how) => {
      const { desk, home, web, bar } = wantedWithoutGesture();
      if (how === "ignored") desk.broker.answered(bar, "ignore");
      else await desk.pass(20_000);
      desk.want(web, 2);
      expect(desk.refused(web)).toEqual([1, 2]);
      expect(desk.broker.waiting).toEqual([]);
      desk.copy(home, 2);
      desk.want(web, 3);
      expect(desk.broker.waiting).toHaveLength(1);
    },
  );

  test("an answer to one that is over does nothing", async () => {
    const { desk, bar } = wantedWithoutGesture();
    await desk.pass(20_000);
    desk.broker.answered(bar, "paste");
    await settled();
    expect(desk.delivered).toEqual([]);
  });

  test.each([
    ["the clip is gone", (desk: ClipDesk, home: Vm) => desk.copy(home, 1, { types: [] })],
    ["the VM copies itself", (desk: ClipDesk, _: Vm, web: Vm) => desk.copy(web, 1, { sinceInputMs: null })],
    [
      "the policy breaks",
      (desk: ClipDesk) => {
        desk.isPolicyBroken = true;
        desk.broker.policyChanged();
      },
    ],
  ])("it goes when %s, and its requests are refused", (_, happens) => {
    const { desk, home, web } = wantedWithoutGesture();
    happens(desk, home, web);
    expect(desk.broker.waiting).toEqual([]);
    expect(desk.refused(web)).toEqual([1]);
  });

  test("it goes with its VM", () => {
    const { desk, web } = wantedWithoutGesture();
    desk.broker.closed(web);
    expect(desk.broker.waiting).toEqual([]);
  });
});
