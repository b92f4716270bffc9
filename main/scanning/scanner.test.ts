/** Scans of a VM's files by scripted engines, hostile ones too. Both ends are agents for which the test speaks. */
import { getMaxListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FileVerdict } from "#shared/model/scan.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { FileOutcome, FileReason } from "#shared/protocol/gen/atoll_pb.ts";
import { type LinkedVm, linkedVm } from "../clipboard/testing/linked-vm.ts";
import { bytes, entry, whole } from "../files/testing/files-desk.ts";
import { deferred } from "../vms/testing/scripted-vm.ts";
import { MAX_SCANNED_BYTES } from "./batches.ts";
import { BATCH_SLICE_MS, Scanner, type ScanOptions } from "./scanner.ts";
import { NoAnswer } from "./engine.ts";
import { clean, ENGINE, KEEPS_NOTHING, ScriptedEngine, SHA } from "./testing/scripted-engine.ts";

let home: LinkedVm;
let engine: ScriptedEngine;
let ended: AbortController;

const file = (index: number, size = 8): ListedFile => ({
  ...{ index, kind: "file", path: bytes(`f${index}`), size, executable: false, modifiedS: 0, reason: null },
});

beforeEach(async () => {
  home = await linkedVm("home");
  engine = new ScriptedEngine(await linkedVm("antivirus"));
  ended = new AbortController();
});

afterEach(() => void vi.useRealTimers());

function scanned(
  files: readonly ListedFile[],
  scanner = new Scanner(() => [engine], KEEPS_NOTHING),
  options: Partial<ScanOptions> = {},
  { vm }: LinkedVm = home,
): Promise<ReadonlyMap<number, FileVerdict>> {
  const source = { end: vm, what: { paths: [bytes("a")] }, party: { kind: "vm", vm } } as const;
  return scanner.scan(source, files, { signal: ended.signal, ...options });
}

/** The source lists, and the engine's VM gets what `results` says. Both are done when this resolves. */
/** How often a source has sent files, and this engine got some. */
interface Round {
  round: number;
  /** How often it has listed files, where it has not always sent them. */
  listed?: number;
  to?: ScriptedEngine | undefined;
  into?: number;
  source?: LinkedVm;
}

async function carry(count: number, results: readonly object[], by: number | Round = 1): Promise<void> {
  const { round: sourceRound, listed, to: target, into, source } = roundOf(by);
  await source.agent.until(() => source.agent.sentOf("filesList").length >= listed);
  const { transfer: from = 0 } = source.agent.sentOf("filesList").at(-1) ?? {};
  const entries = Array.from({ length: count }, (_, index) => entry(index, `f${index}`)) as never;
  source.agent.say("filesListed", { transfer: from, entries, last: true });
  const { agent } = target.linked;
  await agent.until(() => agent.sentOf("filesExpected").filter(({ last }) => last).length >= into);
  const { transfer: to = 0 } = agent.sentOf("filesReceive").at(-1) ?? {};
  agent.say("filesReady", { transfer: to });
  await source.agent.until(() => source.agent.sentOf("filesSend").length >= sourceRound);
  agent.say("filesDone", { transfer: to, results: results as never, bytes: 0n });
  await stopped(by);
}

async function stopped(by: number | Round = 1): Promise<void> {
  const { round, to, into, source } = roundOf(by);
  await stoppedAt(source, round);
  await stoppedAt(to.linked, into);
}

async function stoppedAt({ agent }: LinkedVm, round = 1): Promise<void> {
  await agent.until(() => agent.sentOf("filesStop").length >= round);
  agent.say("filesEnded", { transfer: agent.sentOf("filesStop").at(-1)?.transfer ?? 0 });
}

/** As often as the source, where it is the one engine; another one gets files once. */
function roundOf(by: number | Round): Required<Round> & { to: ScriptedEngine } {
  if (typeof by === "number") return { round: by, listed: by, to: engine, into: by, source: home };
  const { round, listed = round, to = engine, into = 1, source = home } = by;
  return { round, listed, to, into, source };
}

const verdictOf = (verdict: FileVerdict | undefined): unknown => [
  verdict?.sha256,
  verdict?.verdict,
  ...(verdict?.engines ?? []).map(({ signature, reason }) => signature ?? reason),
];

it("counts an engine that comes as there, and asks it once it is known", async () => {
  const known = deferred<undefined>();
  let engines: ScriptedEngine[] = [];
  const opening = { isComing: () => engines.length === 0, opened: known.promise };
  const scanner = new Scanner(() => engines, KEEPS_NOTHING, opening);
  expect([scanner.isThere, scanner.isReady]).toEqual([true, false]);
  scanner.check();
  const result = scanned([file(0)], scanner);
  engines = [engine];
  known.resolve(undefined);
  await carry(1, [whole(0)]);
  expect(verdictOf((await result).get(0))).toEqual([SHA, "clean", null]);
  expect([scanner.isThere, scanner.isReady]).toEqual([true, true]);
});

describe("a file", () => {
  it("goes to the engine's VM under a name of the host's, is asked about, and forgotten", async () => {
    const progress: number[][] = [];
    const result = scanned([file(0)], undefined, { progress: (...now) => progress.push(now) });
    await carry(1, [whole(0)]);
    const verdicts = await result;
    expect(verdicts.get(0)).toEqual({
      sha256: SHA,
      verdict: "clean",
      engines: [{ ...ENGINE, verdict: "clean", signature: null, reason: null }],
    });
    const [receive] = engine.linked.agent.sentOf("filesReceive");
    const { destination } = receive ?? {};
    const folder = destination?.case === "path" ? Buffer.from(destination.value ?? []).toString() : "";
    expect(folder).toMatch(/^\/tmp\/atoll-scan\/[0-9a-f]{32}\/$/);
    const [expected] = engine.linked.agent.sentOf("filesExpected").flatMap(({ entries = [] }) => entries);
    expect(Buffer.from(expected?.path ?? []).toString()).toBe("0");
    expect(engine.asked).toEqual([
      { scan: { path: `${folder}0`, sha256: SHA, bytes: 8 } },
      { forget: folder.slice(0, -1) },
    ]);
    expect(progress).toEqual([[1, 1]]);
  });

  it("is looked at beside all others of its batch, whose signal may have as many listeners", async () => {
    const signals: AbortSignal[] = [];
    engine.answers = (_input, signal) => {
      signals.push(signal);
      return clean();
    };
    const files = Array.from({ length: 20 }, (_, index) => index);
    const result = scanned(files.map((index) => file(index)));
    await carry(
      20,
      files.map((index) => whole(index)),
    );
    expect((await result).size).toBe(20);
    const [signal = expect.unreachable()] = signals;
    expect([signals.length, new Set(signals).size]).toEqual([20, 1]);
    // Without a limit, of which Node's own, ten, warns as of a leak.
    expect(getMaxListeners(signal)).toBe(Infinity);
  });

  it("is looked at anew where signatures became others meanwhile, but not without an end", async () => {
    const all = [engine];
    for (const _ of [2, 3, 4]) all.push(new ScriptedEngine(await linkedVm("antivirus")));
    let used = 0;
    for (const [at, one] of all.entries()) {
      const said = { ...ENGINE, signatures: `set-${at}` };
      one.identity = said;
      one.answers = () => {
        used = at + 1;
        return clean({ engine: said });
      };
    }
    const kept: string[] = [];
    const keeping = {
      verdicts: ["clean"],
      keyFor: () => null,
      end: (files: readonly unknown[]) => kept.push(`${files.length}`),
    };
    const scanner = new Scanner(() => all.slice(used, used + 1), { begin: () => keeping as never });
    const result = scanned([file(0)], scanner);
    for (const [at, to] of all.slice(0, 3).entries()) await carry(1, [whole(0)], { round: at + 1, to });
    expect((await result).get(0)).toMatchObject({ verdict: "clean", engines: [{ signatures: "set-2" }] });
    expect([used, kept]).toEqual([3, ["0", "0", "1"]]);
  });

  it("whose bytes were looked at before is not asked about again, unless the signatures are others", async () => {
    const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
    for (const [round, signatures] of [
      [1, "set-1"],
      [2, "set-1"],
      [3, "set-2"],
    ] as const) {
      engine.identity = { ...ENGINE, signatures };
      engine.answers = () => clean({ engine: engine.identity });
      const result = scanned([file(0)], scanner);
      await carry(1, [whole(0)], round);
      expect((await result).get(0)).toMatchObject({ verdict: "clean", engines: [{ signatures }] });
    }
    expect(engine.scans).toHaveLength(2);
  });

  it("whose bytes were looked at in another VM is asked about again: nothing tells one VM what another has", async () => {
    const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
    const first = scanned([file(0)], scanner);
    await carry(1, [whole(0)]);
    await first;
    const web = await linkedVm("web");
    const second = scanned([file(0)], scanner, {}, web);
    await carry(1, [whole(0)], { round: 1, into: 2, source: web });
    expect((await second).get(0)?.verdict).toBe("clean");
    expect(engine.scans).toHaveLength(2);
  });

  it("that is too large is not sent", async () => {
    const verdicts = await scanned([file(0, MAX_SCANNED_BYTES + 1)]);
    expect(verdictOf(verdicts.get(0))).toEqual([null, "not-scanned", "it has more than 64 MiB"]);
    expect(home.agent.sentOf("filesList")).toEqual([]);
  });

  it("that did not come whole is not scanned, with the reason, and the others are", async () => {
    const result = scanned([file(0), file(1)]);
    const failed = { index: 0, outcome: FileOutcome.FAILED, reason: FileReason.CHANGED, sha256: new Uint8Array(0) };
    await carry(2, [failed, whole(1)]);
    const verdicts = await result;
    expect(verdictOf(verdicts.get(0))).toEqual([null, "not-scanned", "was changed while it was read"]);
    expect(verdicts.get(1)?.verdict).toBe("clean");
  });

  it("is looked at by every engine, and the worst word counts", async () => {
    const other = new ScriptedEngine(await linkedVm("yara"));
    other.becomesReady = Promise.reject(new Error("it does not start"));
    const result = scanned([file(0)], new Scanner(() => [engine, other], KEEPS_NOTHING));
    await carry(1, [whole(0)]);
    const verdict = (await result).get(0);
    expect([verdict?.sha256, verdict?.verdict]).toEqual([null, "error"]);
    expect(verdict?.engines.map((one) => [one.verdict, one.reason])).toEqual([
      ["clean", null],
      ["error", "it does not start"],
    ]);
  });

  it("without an engine is not clean", async () => {
    const scanner = new Scanner(() => [], KEEPS_NOTHING);
    expect([scanner.isThere, (await scanned([file(0)], scanner)).get(0)?.verdict]).toEqual([false, "not-scanned"]);
  });
});

it("a VM has two batches in an engine's memory while no other one waits, and then the later gives way and comes again", async () => {
  const web = await linkedVm("web");
  const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
  const begun = ({ agent }: LinkedVm): number => agent.sentOf("filesList").length;
  const first = new AbortController();
  const cancelled = scanned([file(0)], scanner, { signal: first.signal });
  for (let at = 0; at < 2; at += 1) void scanned([file(0)], scanner);
  await home.agent.until(() => begun(home) === 2);
  const ofWeb = scanned([file(0)], scanner, {}, web);
  await stoppedAt(home);
  await carry(1, [whole(0)], { round: 1, source: web });
  expect((await ofWeb).get(0)?.verdict).toBe("clean");
  // One of those that wait has the place of web's now.
  await home.agent.until(() => begun(home) === 3);
  first.abort(new Error("cancelled"));
  await stoppedAt(home, 2);
  expect((await cancelled).get(0)?.verdict).toBe("error");
  await home.agent.until(() => begun(home) === 4);
  ended.abort(new Error("cancelled"));
  await stoppedAt(home, 3);
});

it("what gave way has the verdicts that it had, and the others after another turn", async () => {
  const web = await linkedVm("web");
  const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
  engine.answers = ({ scan }, signal) =>
    scan.path.endsWith("/0")
      ? clean()
      : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
  const first = new AbortController();
  const blocking = scanned([file(0)], scanner, { signal: first.signal });
  await home.agent.until(() => home.agent.sentOf("filesList").length === 1);
  const progress: number[][] = [];
  const result = scanned([file(0), file(1)], scanner, { progress: (...now) => progress.push(now) });
  const carried = carry(2, [whole(0), whole(1)], { round: 1, listed: 2 });
  await vi.waitFor(() => expect([engine.scans.length, progress]).toEqual([2, [[1, 2]]]));
  engine.answers = () => clean();
  const ofWeb = scanned([file(0)], scanner, {}, web);
  await carried;
  await carry(1, [whole(0)], { round: 1, into: 2, source: web });
  await ofWeb;
  await carry(2, [whole(1)], { round: 2, listed: 3, into: 3 });
  const verdicts = await result;
  expect([0, 1].map((index) => verdicts.get(index)?.verdict)).toEqual(["clean", "clean"]);
  expect(progress).toEqual([
    [1, 2],
    [2, 2],
  ]);
  first.abort(new Error("cancelled"));
  await stoppedAt(home, 3);
  await blocking;
});

it("two VMs that send nothing keep the engine from a third one for a moment; one file that comes is looked at to its end", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const [web, mail] = [await linkedVm("web"), await linkedVm("mail")];
  const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
  const lists = ({ agent }: LinkedVm): number => agent.sentOf("filesList").length;
  const first = new AbortController();
  const result = scanned([file(0), file(1)], scanner);
  const ofWeb = scanned([file(0)], scanner, { signal: first.signal }, web);
  await web.agent.until(() => lists(home) + lists(web) === 2);
  const ofMail = scanned([file(0)], scanner, {}, mail);
  await vi.advanceTimersByTimeAsync(BATCH_SLICE_MS - 1);
  expect(lists(mail)).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  await stoppedAt(home);
  await carry(1, [whole(0)], { round: 1, source: mail });
  expect((await ofMail).get(0)?.verdict).toBe("clean");
  // So did the other one, when home waited again.
  await stoppedAt(web);
  await web.agent.until(() => lists(web) === 2);
  first.abort(new Error("cancelled"));
  await stoppedAt(web, 2);
  await ofWeb;
  // One file comes of it now, and others wait.
  await home.agent.until(() => lists(home) === 2);
  const entries = [entry(0, "f0"), entry(1, "f1")] as never;
  home.agent.say("filesListed", { transfer: home.agent.sentOf("filesList")[1]?.transfer ?? 0, entries, last: true });
  const { agent } = engine.linked;
  await agent.until(() => agent.sentOf("filesReceive").length === 2);
  expect(agent.sentOf("filesReceive")[1]).toMatchObject({ files: 1 });
  const { transfer: to = 0 } = agent.sentOf("filesReceive")[1] ?? {};
  agent.say("filesReady", { transfer: to });
  await home.agent.until(() => home.agent.sentOf("filesSend").length === 1);
  for (const vm of [web, mail]) void scanned([file(0)], scanner, {}, vm);
  await web.agent.until(() => lists(web) === 3);
  await vi.advanceTimersByTimeAsync(BATCH_SLICE_MS);
  expect([home.agent.sentOf("filesStop").length, lists(mail)]).toEqual([1, 1]);
  agent.say("filesDone", { transfer: to, results: [whole(0)] as never, bytes: 0n });
  await stopped({ round: 2, into: 2 });
  await mail.agent.until(() => lists(mail) === 2);
  ended.abort(new Error("cancelled"));
  const verdicts = await result;
  expect([0, 1].map((index) => verdicts.get(index)?.verdict)).toEqual(["clean", "error"]);
});

it("what somebody waits for has the place of what nobody has asked for", async () => {
  const [web, mail] = [await linkedVm("web"), await linkedVm("mail")];
  const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
  const lists = ({ agent }: LinkedVm): number => agent.sentOf("filesList").length;
  for (const vm of [home, web]) void scanned([file(0)], scanner, { isUnasked: true }, vm);
  await web.agent.until(() => lists(home) + lists(web) === 2);
  const ofMail = scanned([file(0)], scanner, {}, mail);
  await stoppedAt(web);
  await carry(1, [whole(0)], { round: 1, source: mail });
  expect((await ofMail).get(0)?.verdict).toBe("clean");
  await web.agent.until(() => lists(web) === 2);
  ended.abort(new Error("cancelled"));
  await Promise.all([stoppedAt(home), stoppedAt(web, 2)]);
});

describe("a VM is released", () => {
  it("when the last scan in it is over", async () => {
    const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
    await scanner.released(engine.vm);
    const result = scanned([file(0)], scanner);
    const order: string[] = [];
    const released = scanner.released(engine.vm).then(() => order.push("released"));
    await home.agent.until(() => home.agent.sentOf("filesList").length > 0);
    expect(order).toEqual([]);
    await carry(1, [whole(0)]);
    await Promise.all([result, released]);
  });

  it("after a quarter of an hour from a scan that has no end", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
    engine.becomesReady = new Promise(() => undefined);
    void scanned([file(0)], scanner);
    let isReleased = false;
    const released = scanner.released(engine.vm).then(() => (isReleased = true));
    await vi.advanceTimersByTimeAsync(899_000);
    expect(isReleased).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    await released;
  });
});

it("a source that tells one file of its list a minute is given up after ten minutes", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const result = scanned([file(0)]);
  await home.agent.until(() => home.agent.sentOf("filesList").length > 0);
  const { transfer = 0 } = home.agent.sentOf("filesList")[0] ?? {};
  for (let index = 0; index < 12; index += 1) {
    home.agent.say("filesListed", { transfer, entries: [entry(index, `f${index}`)] as never, last: false });
    await vi.advanceTimersByTimeAsync(50_000);
  }
  expect(verdictOf((await result).get(0))).toEqual([null, "error", "the files are not there any more"]);
});

describe("an engine that", () => {
  const lies: [string, unknown, string][] = [
    ["answers about another file", clean({ sha256: "00".repeat(32) }), "it has answered about another file"],
    ["answers what is none", { verdict: "clean" }, "its answer cannot be read"],
    ["names something in what is clean", clean({ signature: "Eicar" }), "its answer cannot be read"],
    ["has found what it does not name", clean({ verdict: "found" }), "its answer cannot be read"],
    [
      "answers without an end",
      clean({ verdict: "suspicious", reason: "x".repeat(100_000) }),
      "its answer cannot be read",
    ],
    ["says nothing", null, "its answer cannot be read"],
  ];
  it.each(lies)("%s has failed for this file alone", async (_, answer, reason) => {
    engine.answers = ({ scan }) => (scan.path.endsWith("/0") ? answer : clean());
    const result = scanned([file(0), file(1)]);
    await carry(2, [whole(0), whole(1)]);
    const verdicts = await result;
    expect(verdictOf(verdicts.get(0))).toEqual([SHA, "error", reason]);
    expect(verdicts.get(1)?.verdict).toBe("clean");
  });

  it("crashes in the middle leaves what was not looked at without a verdict, and the next scan is whole", async () => {
    const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
    engine.answers = () => Promise.reject(new Error("The program was lost before it answered."));
    const lost = scanned([file(0)], scanner);
    await carry(1, [whole(0)]);
    expect(verdictOf((await lost).get(0))).toEqual([SHA, "error", "The program was lost before it answered."]);
    engine.answers = () => clean();
    const again = scanned([file(0)], scanner);
    await carry(1, [whole(0)], 2);
    expect((await again).get(0)?.verdict).toBe("clean");
  });

  it("fails at a file does not get it again: another one looks at it, in a VM for that file alone", async () => {
    const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
    const others: ScriptedEngine[] = [];
    const found = clean({ verdict: "found", signature: "Eicar" });
    const say = [(): unknown => Promise.reject(new NoAnswer("it went")), (): unknown => found];
    engine.alone = async (work, signal) => {
      const other = new ScriptedEngine(await linkedVm("antivirus-fork"));
      other.answers = say[others.length] ?? expect.unreachable();
      others.push(other);
      return work(other, signal);
    };
    engine.answers = () => Promise.reject(new NoAnswer("it has crashed"));
    const lost = scanned([file(0)], scanner);
    await carry(1, [whole(0)]);
    await vi.waitFor(() => expect(others).toHaveLength(1));
    await carry(1, [whole(0)], { round: 2, to: others[0] });
    const why = "it has crashed; in a VM of its own: it went";
    expect(verdictOf((await lost).get(0))).toEqual([SHA, "error", why]);
    const again = scanned([file(0)], scanner);
    await carry(1, [whole(0)], { round: 3, into: 2 });
    await vi.waitFor(() => expect(others).toHaveLength(2));
    await carry(1, [whole(0)], { round: 4, to: others[1] });
    expect(verdictOf((await again).get(0))).toEqual([SHA, "found", "Eicar"]);
    expect([engine.scans, others.map(({ scans }) => scans)].flat(2)).toHaveLength(3);
    // What it has said is known from now on.
    const known = scanned([file(0)], scanner);
    await carry(1, [whole(0)], { round: 5, into: 3 });
    expect(verdictOf((await known).get(0))).toEqual([SHA, "found", "Eicar"]);
    expect(others).toHaveLength(2);
  });

  it("has other signatures by the end of a batch is spared a file for those alone with which it failed at it", async () => {
    const scanner = new Scanner(() => [engine], KEEPS_NOTHING);
    engine.alone = () => Promise.reject(new Error("it does not start"));
    engine.answers = () => {
      engine.identity = { ...ENGINE, signatures: "set-2" };
      return Promise.reject(new NoAnswer("it has crashed"));
    };
    const lost = scanned([file(0)], scanner);
    await carry(1, [whole(0)]);
    expect((await lost).get(0)?.engines).toMatchObject([{ verdict: "error", signatures: "set-1" }]);
    engine.answers = () => clean({ engine: engine.identity });
    const again = scanned([file(0)], scanner);
    await carry(1, [whole(0)], 2);
    expect((await again).get(0)?.verdict).toBe("clean");
    engine.identity = { ...ENGINE };
    const before = scanned([file(0)], scanner);
    await carry(1, [whole(0)], 3);
    const why = "it has failed at this file before; in a VM of its own: it does not start";
    expect(verdictOf((await before).get(0))).toEqual([SHA, "error", why]);
    expect(engine.scans).toHaveLength(2);
  });

  it.each([
    ["of other signatures", clean({ engine: { ...ENGINE, signatures: "set-2" } }), "it has other signatures"],
    ["about another file", clean({ sha256: "00".repeat(32) }), "it has answered about another file"],
  ])("has failed does not get a word of another one %s", async (_, answer, why) => {
    const other = new ScriptedEngine(await linkedVm("antivirus-fork"));
    other.answers = () => answer;
    engine.alone = (work, signal) => work(other, signal);
    engine.answers = () => Promise.reject(new NoAnswer("it hangs"));
    const result = scanned([file(0)]);
    await carry(1, [whole(0)]);
    await carry(1, [whole(0)], { round: 2, to: other });
    expect(verdictOf((await result).get(0))).toEqual([SHA, "error", `it hangs; in a VM of its own: ${why}`]);
  });

  it("is not asked where each file is to have a VM of its own", async () => {
    const other = new ScriptedEngine(await linkedVm("antivirus-fork"));
    engine.alone = (work, signal) => work(other, signal);
    const result = scanned([file(0)], undefined, { alone: true });
    await carry(1, [whole(0)]);
    await carry(1, [whole(0)], { round: 2, to: other });
    expect((await result).get(0)?.verdict).toBe("clean");
    expect([engine.scans.length, other.scans.length]).toEqual([0, 1]);
    engine.alone = null;
    const plain = scanned([file(0)], undefined, { alone: true });
    await carry(1, [whole(0)], { round: 3, into: 2 });
    expect((await plain).get(0)?.verdict).toBe("clean");
    expect(engine.scans).toHaveLength(1);
  });

  it("was not asked is no reason for a VM of its own, and one that cannot be had changes nothing", async () => {
    let asked = 0;
    engine.alone = () => {
      asked += 1;
      return Promise.reject(new Error("it does not start"));
    };
    engine.answers = () => Promise.reject(new Error("it is not connected"));
    const one = scanned([file(0)]);
    await carry(1, [whole(0)]);
    expect(verdictOf((await one).get(0))).toEqual([SHA, "error", "it is not connected"]);
    expect(asked).toBe(0);
    engine.answers = () => Promise.reject(new NoAnswer("it hangs"));
    const other = scanned([file(0)]);
    await carry(1, [whole(0)], 2);
    const why = "it hangs; in a VM of its own: it does not start";
    expect(verdictOf((await other).get(0))).toEqual([SHA, "error", why]);
  });

  it("has its VM lost while files come has no verdict", async () => {
    const result = scanned([file(0)]);
    await home.agent.until(() => home.agent.sentOf("filesList").length > 0);
    const { transfer = 0 } = home.agent.sentOf("filesList")[0] ?? {};
    home.agent.say("filesListed", { transfer, entries: [entry(0, "f0")] as never, last: true });
    const { agent } = engine.linked;
    await agent.until(() => agent.sentOf("filesReceive").length > 0);
    await engine.linked.vm.kill();
    await home.agent.until(() => home.agent.sentOf("filesStop").length > 0);
    home.agent.say("filesEnded", { transfer });
    expect((await result).get(0)).toMatchObject({ sha256: null, verdict: "error" });
  });

  it("takes no more of a file is given up after a minute", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const result = scanned([file(0)]);
    await home.agent.until(() => home.agent.sentOf("filesList").length > 0);
    const { transfer = 0 } = home.agent.sentOf("filesList")[0] ?? {};
    home.agent.say("filesListed", { transfer, entries: [entry(0, "f0")] as never, last: true });
    const { agent } = engine.linked;
    await agent.until(() => agent.sentOf("filesExpected").some(({ last }) => last));
    agent.say("filesReady", { transfer: agent.sentOf("filesReceive")[0]?.transfer ?? 0 });
    await home.agent.until(() => home.agent.sentOf("filesSend").length > 0);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(home.agent.sentOf("filesStop")).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    await stopped();
    expect(verdictOf((await result).get(0))).toEqual([null, "error", "its bytes did not come"]);
  });

  it("has not looked at a batch within half an hour has failed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    engine.answers = (_input, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    const result = scanned([file(0)]);
    await carry(1, [whole(0)]);
    await vi.advanceTimersByTimeAsync(30 * 60_000);
    expect(verdictOf((await result).get(0))).toEqual([SHA, "error", "its files took too long"]);
  });

  it("hangs is waited for no longer than whoever asks", async () => {
    engine.answers = (_input, signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cancelled"))));
    const result = scanned([file(0)]);
    const carried = carry(1, [whole(0)]);
    await vi.waitFor(() => expect(engine.scans).toHaveLength(1));
    ended.abort(new Error("cancelled"));
    await carried;
    expect((await result).get(0)?.verdict).toBe("error");
  });
});

it("what is not to be kept is in no quarantine, whatever is said of it", async () => {
  const begun: unknown[] = [];
  const scanner = new Scanner(() => [engine], {
    begin: () => {
      begun.push("kept");
      return KEEPS_NOTHING.begin(undefined as never, null);
    },
  });
  const source = { end: home.vm, what: { paths: [] }, party: { kind: "vm", vm: home.vm } } as const;
  for (const keeps of [false, true]) await scanner.scan(source, [], { signal: new AbortController().signal, keeps });
  expect(begun).toEqual(["kept"]);
});
