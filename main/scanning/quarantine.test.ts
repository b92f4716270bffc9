/** Of which file what is kept, and what a person can do with it. Scanners are scripted, hostile ones too. */
import { beforeEach, describe, expect, it } from "vitest";
import type { ScanVerdict } from "#shared/model/scan.ts";
import type { VmId } from "#shared/model/vm.ts";
import { bytes } from "../files/testing/files-desk.ts";
import type { FilesParty, TransferEnd, TransferRequest } from "../files/transfer.ts";
import { type LinkedVm, linkedVm } from "../clipboard/testing/linked-vm.ts";
import type { CrossingOutcome, CrossingRequest } from "../crossings/crossing-request.ts";
import { keptName, MAX_FILES, Quarantine } from "./quarantine.ts";
import type { QuarantineEntry } from "./quarantine-file.ts";
import { ENGINE, ScriptedEngine, SHA } from "./testing/scripted-engine.ts";

let home: LinkedVm;
let web: LinkedVm;
let engine: ScriptedEngine;
let engines: ScriptedEngine[];
let kept: { lastId: number; files: QuarantineEntry[] } | null;
let quarantine: Quarantine;
let asked: CrossingRequest[];
let answer: CrossingOutcome;
let sent: TransferRequest[];
let end: TransferEnd;
let vms: LinkedVm[];

const arrived = { index: 0, path: bytes("a"), isFolder: false, bytes: 8, scan: "", sha256: SHA } as const;
const PLACE = "/home/user/Incoming/antivirus/eicar.com";

let isWritable: boolean;

function written(content: NonNullable<typeof kept>): boolean {
  if (isWritable) kept = structuredClone(content);
  return isWritable;
}

function opened(): Quarantine {
  return new Quarantine({
    file: { read: () => kept, write: written },
    engines: () => engines,
    crossings: () => ({
      request: (request) => {
        asked.push(request);
        return Promise.resolve(answer);
      },
    }),
    startTransfer: (request) => {
      sent.push(request);
      return { id: 1, state: "moving", done: Promise.resolve(end) };
    },
    vm: (id: VmId) => vms.map(({ vm }) => vm).find((vm) => vm.id === id),
  });
}

beforeEach(async () => {
  [home, web] = [await linkedVm("home"), await linkedVm("web")];
  vms = [home, web];
  engine = new ScriptedEngine(await linkedVm("antivirus"));
  engine.kept = new Set();
  [engines, kept, asked, sent] = [[engine], { lastId: 0, files: [] }, [], []];
  isWritable = true;
  answer = { allowed: true, by: "person", rule: null, explanation: "", seq: 5 };
  const file = { ...arrived, outcome: "whole", reason: null, arrivedAt: bytes(PLACE) } as const;
  end = { state: "done", files: [file], bytes: 8, seconds: 1, detail: "" };
  quarantine = opened();
});

const party = ({ vm }: LinkedVm): FilesParty => ({ kind: "vm", vm });
const found = (more: object = {}) => ({
  sha256: SHA,
  verdict: "found" as const,
  engines: [{ ...ENGINE, verdict: "found" as const, signature: "Eicar", reason: null }],
  ...more,
});
const listed = (path = "in/eicar.com") =>
  ({ index: 0, kind: "file", path: bytes(path), size: 8, executable: false, modifiedS: 0, reason: null }) as const;

/** A file is held on its way, or found where it is; its key. */
function keep(to: FilesParty | null = party(web), path?: string, sha256 = SHA, from = home): string | null {
  const keeping = quarantine.begin(party(from), to);
  const key = keeping.keyFor(engine, sha256);
  if (key !== null) engine.kept = new Set([...(engine.kept ?? []), key]);
  const places = key === null ? [] : [{ service: engine.name, key, sha256 }];
  keeping.end([{ file: listed(path), verdict: found({ sha256 }), places }]);
  return key;
}

/** What was sent to be restored: from where, under which name, to whom. */
function restored(): [string[], string, FilesParty][] {
  return sent.map(({ source, target }) => {
    if (!("paths" in source)) throw new Error("not by its path");
    return [
      source.paths.map((path) => Buffer.from(path).toString()),
      Buffer.from(source.name ?? []).toString(),
      target,
    ];
  });
}

describe("what was kept", () => {
  it("is named with its way, its engines and when, also by the next run of the application", () => {
    keep();
    const expected = {
      ...{ id: 1, path: "in/eicar.com", bytes: 8, sha256: SHA, service: "antivirus", state: "kept", verdict: "found" },
      from: { kind: "vm", name: "home" },
      to: { kind: "vm", name: "web" },
      engines: [{ name: "ClamAV", signature: "Eicar" }],
    };
    expect(quarantine.files).toMatchObject([expected]);
    expect(opened().files).toMatchObject([expected]);
  });

  it("is away while its scanner does not run, and gone where the scanner says so", () => {
    keep();
    const shown: unknown[] = [];
    quarantine.on("changed", () => shown.push(quarantine.files[0]?.state));
    for (const now of [null, new Set<string>()]) {
      engine.kept = now;
      quarantine.look();
      quarantine.look();
    }
    engines = [];
    quarantine.look();
    expect(shown).toEqual(["away", "gone", "away"]);
  });

  it("would go with its scanner's disk, also while that is away, and not when it is gone", () => {
    keep();
    const counts = [quarantine.countIn("antivirus"), quarantine.countIn("other")];
    for (const now of [null, new Set<string>()]) {
      engine.kept = now;
      quarantine.look();
      counts.push(quarantine.countIn("antivirus"));
    }
    expect(counts).toEqual([1, 0, 1, 0]);
  });

  it("is kept once, and shown with its newest way", () => {
    const key = keep(null, "eicar.com");
    expect(keep(party(web), "eicar.com")).toBeNull();
    expect(kept?.files.map((one) => one.key)).toEqual([key]);
    expect(quarantine.files).toMatchObject([{ id: 1, path: "eicar.com", to: { name: "web" } }]);
    // Looked at where it is, it is on no other way.
    keep(null, "eicar.com");
    expect(quarantine.files).toMatchObject([{ id: 1, to: { name: "web" } }]);
  });

  it("is one copy for two files of the same bytes, until both are deleted", async () => {
    const key = keep(null, "eicar.com");
    expect(keep(party(web), "again.com")).toBeNull();
    expect(quarantine.files.map(({ id, path: name, state }) => [id, name, state])).toEqual([
      [2, "again.com", "kept"],
      [1, "eicar.com", "kept"],
    ]);
    await quarantine.delete(1);
    expect([engine.asked, quarantine.files.length]).toEqual([[], 1]);
    await quarantine.delete(2);
    expect([engine.asked, quarantine.files.length]).toEqual([[{ drop: [key] }], 0]);
  });

  it("is kept again where the scanner has lost it", () => {
    keep();
    engine.kept = new Set();
    expect(keep()).not.toBeNull();
    expect(quarantine.files).toMatchObject([{ id: 1, state: "kept" }]);
  });

  it("is kept again for all files of these bytes, where the scanner has lost their copy", async () => {
    keep(null, "eicar.com");
    keep(party(web), "again.com");
    engine.kept = new Set();
    const key = keep(null, "third.com");
    expect(quarantine.files.map(({ id, state }) => [id, state])).toEqual([
      [3, "kept"],
      [2, "kept"],
      [1, "kept"],
    ]);
    for (const id of [3, 1]) await quarantine.delete(id);
    expect(engine.asked).toEqual([]);
    await quarantine.restore(2, undefined, undefined);
    expect(restored()).toEqual([[[`/home/user/kept/quarantine/${key}/third.com`], "again.com", party(web)]]);
  });

  it("stays in a scanner that is away, when another one keeps a copy of the same bytes", async () => {
    const first = keep(null, "eicar.com");
    const antivirus = engine;
    antivirus.kept = null;
    engine = new ScriptedEngine(await linkedVm("yara"), "yara");
    engine.kept = new Set();
    engines.push(engine);
    const second = keep(party(web), "again.com");
    expect(quarantine.files.map(({ id, service, state }) => [id, service, state])).toEqual([
      [2, "yara", "kept"],
      [1, "antivirus", "away"],
    ]);
    antivirus.kept = new Set([first ?? ""]);
    quarantine.look();
    expect([antivirus.asked, engine.asked]).toEqual([[], []]);
    await quarantine.delete(2);
    expect([antivirus.asked, engine.asked]).toEqual([[], [{ drop: [second] }]]);
    expect(quarantine.files).toMatchObject([{ id: 1, state: "kept" }]);
  });

  it("is not gone with the entry by which it is known, while another file of the same bytes is being scanned", async () => {
    const key = keep(null, "eicar.com");
    const keeping = quarantine.begin(party(home), party(web));
    expect(keeping.keyFor(engine, SHA)).toBeNull();
    await quarantine.delete(1);
    quarantine.look();
    expect(engine.asked).toEqual([]);
    keeping.end([{ file: listed("again.com"), verdict: found(), places: [] }]);
    expect(quarantine.files).toMatchObject([{ id: 2, path: "again.com", state: "kept" }]);
    expect([kept?.files.map((one) => one.key), engine.asked]).toEqual([[key], []]);
  });

  it("is gone once what was scanned meanwhile is none of it", async () => {
    const key = keep(null, "eicar.com");
    const keeping = quarantine.begin(party(home), party(web));
    keeping.keyFor(engine, SHA);
    await quarantine.delete(1);
    keeping.end([]);
    expect(engine.asked).toEqual([{ drop: [key] }]);
  });

  it("is kept anew where the scanner is just removing its copy", async () => {
    const first = keep(null, "eicar.com");
    let removed: () => void = () => undefined;
    engine.drops = new Promise((resolve) => (removed = resolve));
    const deleted = quarantine.delete(1);
    const second = keep(party(web), "eicar.com");
    expect([second === null, second === first]).toEqual([false, false]);
    removed();
    await deleted;
    expect(kept?.files.map((one) => one.key)).toEqual([second]);
  });

  it("is not forgotten for another VM's files, of which one copy may be any number", () => {
    const key = keep(null, "mine.com", "cd".repeat(32));
    const keeping = quarantine.begin(party(web), null);
    const copy = keeping.keyFor(engine, SHA) ?? "";
    engine.kept = new Set([key ?? "", copy]);
    const places = [{ service: engine.name, key: copy, sha256: SHA }];
    const files = Array.from({ length: MAX_FILES + 10 }, (_, at) => listed(`f${at}`));
    keeping.end(files.map((file) => ({ file, verdict: found(), places })));
    const { files: all } = quarantine;
    expect([all.length, all.at(-1)?.path, all.at(-2)?.path]).toEqual([MAX_FILES, "mine.com", "f11"]);
    expect(engine.asked).toEqual([]);
  });

  it("is one file's, whose VM has got another name meanwhile", async () => {
    keep(null, "eicar.com");
    home.vm.redefine({ ...home.vm.definition, name: "house" });
    keep(null, "eicar.com");
    expect(quarantine.files).toMatchObject([{ id: 1, from: { name: "house" } }]);
  });

  it("is what is not clean of a transfer, and what was found where files are only looked at", () => {
    const verdicts = (to: FilesParty | null) => quarantine.begin(party(home), to).verdicts;
    expect(verdicts(party(web))).toEqual(["found", "suspicious", "not-scanned"]);
    expect(verdicts(null)).toEqual(["found", "suspicious"]);
  });

  it("is nothing of a scanner that has no quarantine", () => {
    engine.kept = null;
    expect(keep()).toBeNull();
    expect(quarantine.files).toEqual([]);
  });

  it("and is known to nobody is removed from the scanner's VM, but not while it is being scanned", () => {
    const keeping = quarantine.begin(party(home), null);
    const key = keeping.keyFor(engine, SHA) ?? "";
    const stray = "ab".repeat(16);
    engine.kept = new Set([key, stray]);
    quarantine.look();
    quarantine.look();
    expect(engine.asked).toEqual([{ drop: [stray] }]);
    keeping.end([]);
    expect(engine.asked).toEqual([{ drop: [stray] }, { drop: [key] }]);
  });

  it("stays in the scanners' VMs where nobody can read what it is", () => {
    kept = null;
    quarantine = opened();
    engine.kept = new Set(["ab".repeat(16)]);
    quarantine.look();
    // Else the next run would take what is written now for all that there is.
    expect([keep(), kept]).toEqual([null, null]);
    expect(engine.asked).toEqual([]);
  });

  it("is nothing more while it cannot be written down, and is written when it can be", () => {
    isWritable = false;
    const key = keep();
    expect(keep(party(web), "b", "cd".repeat(32))).toBeNull();
    isWritable = true;
    expect(keep(party(web), "b", "cd".repeat(32))).not.toBeNull();
    expect(kept?.files.map((one) => one.key)).toContain(key);
    quarantine = opened();
    quarantine.look();
    expect(engine.asked).toEqual([]);
  });
});

describe("a file is restored", () => {
  it("when the person has said yes, as these bytes alone, to where it was going, and is not kept any more", async () => {
    const key = keep() ?? "";
    expect(await quarantine.restore(1, undefined, undefined)).toBe(PLACE);
    expect(asked).toMatchObject([
      {
        crossing: { action: "file.send", from: { name: "home" }, to: { name: "web" }, bytes: 8 },
        isAlwaysAsked: true,
        warning: "From quarantine: Eicar was found in it (ClamAV).",
      },
    ]);
    expect(sent).toMatchObject([
      {
        target: { vm: web.vm },
        destination: { kind: "incoming" },
        permission: { kind: "given", seq: 5, crossing: { action: "file.send", bytes: 8 }, sha256: SHA },
      },
    ]);
    expect(restored()).toEqual([[[`/home/user/kept/quarantine/${key}/eicar.com`], "eicar.com", party(web)]]);
    expect(engine.asked).toEqual([{ drop: [key] }]);
    expect([quarantine.files, kept?.files]).toEqual([[], []]);
  });

  it("to where it came from, or elsewhere where that is said", async () => {
    keep(null);
    await quarantine.restore(1, undefined, undefined);
    keep(null);
    await quarantine.restore(2, { kind: "host" }, undefined);
    expect(sent.map(({ target }) => (target.kind === "vm" ? target.vm : target.kind))).toEqual([home.vm, "host"]);
  });

  it("under its own name, to its own place, as its own VM may, whose copy ever it is", async () => {
    const key = keep(null, "in/first.com");
    keep(party(home), "other/second.com", SHA, web);
    // As the version before has written it, too.
    expect(kept?.files.map(({ path, name }) => [path, name])).toEqual([
      ["in/first.com", "first.com"],
      ["other/second.com", "first.com"],
    ]);
    quarantine = opened();
    const copy = `/home/user/kept/quarantine/${key}/first.com`;
    await quarantine.restore(2, undefined, undefined);
    expect([quarantine.files, engine.asked]).toMatchObject([[{ id: 1, path: "in/first.com", state: "kept" }], []]);
    quarantine = opened();
    await quarantine.restore(1, undefined, undefined);
    expect(restored()).toEqual([
      [[copy], "second.com", party(home)],
      [[copy], "first.com", party(home)],
    ]);
    expect(asked).toMatchObject([
      { crossing: { from: { name: "web" }, to: { name: "home" } }, preview: { current: { text: "other/second.com" } } },
      { crossing: { from: { name: "home" }, to: { name: "home" } }, preview: { current: { text: "in/first.com" } } },
    ]);
    expect([quarantine.files, engine.asked]).toEqual([[], [{ drop: [key] }]]);
  });

  it("and is told so, though its scanner was stopped just then", async () => {
    const key = keep();
    const sending = quarantine.restore(1, undefined, undefined);
    engine.kept = null;
    expect(await sending).toBe(PLACE);
    expect([quarantine.files, engine.asked]).toEqual([[], []]);
    engine.kept = new Set([key ?? ""]);
    quarantine.look();
    expect(engine.asked).toEqual([{ drop: [key] }]);
  });

  it.each(["denied", "lapsed"])("not where it was %s", async (how) => {
    keep();
    answer = { ...answer, allowed: false, by: how === "lapsed" ? "lapsed" : "rule", seq: null };
    await expect(quarantine.restore(1, undefined, undefined)).rejects.toMatchObject({
      code: how === "lapsed" ? "policy.unanswered" : "policy.denied",
    });
    expect([sent, quarantine.files.length]).toEqual([[], 1]);
  });

  it("not where other bytes came: it is still in quarantine", async () => {
    keep();
    const file = { ...arrived, outcome: "failed", reason: "digest", sha256: null, arrivedAt: null } as const;
    end = { ...end, files: [file] };
    await expect(quarantine.restore(1, undefined, undefined)).rejects.toMatchObject({
      code: "transfer.failed",
      message: expect.stringContaining("still in quarantine") as string,
    });
    expect(quarantine.files).toHaveLength(1);
  });

  it("not without its scanner, its source, its target, or what it is", async () => {
    keep();
    await expect(quarantine.restore(9, undefined, undefined)).rejects.toMatchObject({ code: "quarantine.not-found" });
    vms = [home];
    await expect(quarantine.restore(1, undefined, undefined)).rejects.toMatchObject({ code: "vm.not-found" });
    vms = [web];
    await expect(quarantine.restore(1, undefined, undefined)).rejects.toMatchObject({ code: "quarantine.no-source" });
    vms = [home, web];
    await web.vm.kill();
    await expect(quarantine.restore(1, undefined, undefined)).rejects.toMatchObject({ code: "vm.not-running" });
    engine.kept = new Set();
    await expect(quarantine.restore(1, undefined, undefined)).rejects.toMatchObject({ code: "quarantine.gone" });
    engine.kept = null;
    await expect(quarantine.restore(1, undefined, undefined)).rejects.toMatchObject({ code: "quarantine.not-running" });
    expect(asked).toEqual([]);
  });
});

it("what is deleted is removed from the scanner's VM; of what that has lost, the entry alone", async () => {
  const key = keep();
  engine.kept = null;
  await expect(quarantine.delete(1)).rejects.toMatchObject({ code: "quarantine.not-running" });
  engine.kept = new Set([key ?? ""]);
  await quarantine.delete(1);
  keep();
  engine.kept = new Set();
  await quarantine.delete(2);
  expect([engine.asked, quarantine.files]).toEqual([[{ drop: [key] }], []]);
});

it.each([
  ["in/eicar.com", "eicar.com"],
  ["a\0b", "ab"],
  ["..", "file"],
  ["in/", "file"],
  [`${"ü".repeat(150)}.zip`, "ü".repeat(100)],
])("%j is kept as %j", (path, name) => expect(keptName(bytes(path))).toBe(name));

describe("with new signatures", () => {
  const later = { ...ENGINE, signatures: "set-2", signature: null, reason: null };
  const NEVER = new AbortController().signal;
  let scanned: string[];
  let told: unknown[];

  beforeEach(() => {
    [scanned, told] = [[], []];
    quarantine.on("reviewed", (all) => {
      for (const { file, before } of all) told.push([file.id, file.verdict, file.now?.verdict ?? null, before.verdict]);
    });
  });

  async function scanAgain(verdict: ScanVerdict, sha256 = SHA): Promise<void> {
    await quarantine.scanAgain((vm, path) => {
      scanned.push(`${vm.definition.name}:${Buffer.from(path).toString()}`);
      return Promise.resolve([{ path: "", sha256, verdict, engines: [{ ...later, verdict }] }]);
    }, NEVER);
  }

  it("what is kept is looked at where it lies, and told when nothing is found in it any more", async () => {
    const key = keep();
    let changes = 0;
    quarantine.on("changed", () => (changes += 1));
    await scanAgain("clean");
    expect(scanned).toEqual([`antivirus:/home/user/kept/quarantine/${key}/eicar.com`]);
    expect([told, changes]).toEqual([[[1, "found", "clean", "found"]], 1]);
    expect(quarantine.files).toMatchObject([
      {
        verdict: "found",
        engines: [{ signatures: "set-1" }],
        now: { verdict: "clean", engines: [{ signatures: "set-2" }] },
      },
    ]);
    // The next run of the application knows it, too.
    expect(kept?.files).toMatchObject([{ now: { verdict: "clean" } }]);
    await scanAgain("clean");
    expect([told.length, changes]).toEqual([1, 1]);
    // It is what it was.
    await scanAgain("found");
    expect([told.slice(1), quarantine.files[0]?.now]).toEqual([[[1, "found", null, "clean"]], null]);
  });

  it("what was not scanned is told as clean, or as what is found", async () => {
    const keeping = quarantine.begin(party(home), party(web));
    const key = keeping.keyFor(engine, SHA) ?? "";
    engine.kept = new Set([key]);
    const verdict = found({ verdict: "not-scanned" as const });
    keeping.end([{ file: listed(), verdict, places: [{ service: "antivirus", key, sha256: SHA }] }]);
    await scanAgain("clean");
    await scanAgain("suspicious");
    expect(told).toEqual([
      [1, "not-scanned", "clean", "not-scanned"],
      [1, "not-scanned", "suspicious", "clean"],
    ]);
  });

  it.each(["error", "not-scanned"] as const)("a scanner that says %s has taken nothing back", async (verdict) => {
    keep();
    await scanAgain(verdict);
    expect([told, quarantine.files[0]?.now]).toEqual([[], null]);
  });

  it("a scanner that gives other bytes than those that it has kept changes nothing", async () => {
    keep();
    await scanAgain("clean", "cd".repeat(32));
    expect([scanned.length, told]).toEqual([1, []]);
  });

  it("one copy is looked at once for all whose bytes it is", async () => {
    keep(null, "eicar.com");
    keep(party(web), "again.com");
    await scanAgain("clean");
    expect([scanned.length, told]).toEqual([
      1,
      [
        [1, "found", "clean", "found"],
        [2, "found", "clean", "found"],
      ],
    ]);
  });

  it("what cannot be read now is left as it is, and the others are looked at", async () => {
    keep(party(web), "a");
    keep(party(web), "b", "cd".repeat(32));
    await quarantine.scanAgain((_, path) => {
      if (Buffer.from(path).toString().endsWith("/a")) return Promise.reject(new Error("gone"));
      return Promise.resolve([{ path: "", sha256: "cd".repeat(32), verdict: "clean", engines: [] }]);
    }, NEVER);
    expect(told).toEqual([[2, "found", "clean", "found"]]);
    engine.kept = null;
    await scanAgain("clean");
    expect(scanned).toEqual([]);
  });

  it("what is found out until it is ended is told, and no more is looked at", async () => {
    for (const [at, name] of ["a", "b", "c"].entries()) keep(party(web), name, `${at}`.repeat(64));
    const ending = new AbortController();
    await quarantine.scanAgain((_, path) => {
      const name = Buffer.from(path).toString().at(-1) ?? "";
      scanned.push(name);
      if (name === "b") ending.abort(new Error("others are used"));
      if (ending.signal.aborted) return Promise.reject(ending.signal.reason as Error);
      return Promise.resolve([{ path: "", sha256: "0".repeat(64), verdict: "clean", engines: [] }]);
    }, ending.signal);
    expect([scanned, told]).toEqual([["a", "b"], [[1, "found", "clean", "found"]]]);
  });

  it("is said where the person is asked whether it shall be restored", async () => {
    keep();
    await scanAgain("clean");
    await quarantine.restore(1, undefined, undefined);
    expect(asked).toMatchObject([
      { warning: "From quarantine: Eicar was found in it (ClamAV). With new signatures: nothing is found in it." },
    ]);
  });

  it("what is kept once more is what is said of it then", async () => {
    keep();
    await scanAgain("clean");
    keep();
    expect(quarantine.files).toMatchObject([{ id: 1, now: null }]);
  });
});
