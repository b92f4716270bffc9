/** Transfers by a rule that lets through only what a scanner has passed. */
import { beforeEach, describe, expect, it } from "vitest";
import type { FileVerdict, ScanVerdict } from "#shared/model/scan.ts";
import { FileKind } from "#shared/protocol/gen/atoll_pb.ts";
import { HOST } from "../policy/crossing.ts";
import { nameOfEnd } from "./parties.ts";
import { bytes, DIGEST, entry, FilesDesk, whole } from "./testing/files-desk.ts";
import type { TransferRecord } from "./transfer-record.ts";

const OPENING = { action: "file.open", from: HOST, to: HOST, type: null, bytes: null } as const;
const SHA = Buffer.from(DIGEST).toString("hex");

let desk: FilesDesk;
beforeEach(async () => {
  desk = await FilesDesk.open();
  desk.answer = () => Promise.resolve({ allowed: true, by: "rule", rule: null, scans: true, explanation: "", seq: 5 });
});

function said(verdict: ScanVerdict, more: Partial<FileVerdict["engines"][number]> = {}): FileVerdict {
  const engine = { name: "ClamAV", version: "1", signatures: "s", verdict, signature: null, reason: null, ...more };
  return { sha256: verdict === "error" ? null : SHA, verdict, engines: [engine] };
}

/** The source has listed these names; files are scanned as `verdicts` says. */
async function started(verdicts: readonly FileVerdict[]): Promise<TransferRecord> {
  desk.scans = (_source, files) =>
    Promise.resolve(new Map(files.flatMap(({ index }) => (verdicts[index] ? [[index, verdicts[index]]] : []))));
  const record = desk.start(["a"]);
  await desk.listFiles(verdicts.map((_, index) => `f${index}`));
  return record;
}

/** Nothing goes on at the source either. */
async function sourceStopped(): Promise<void> {
  const { transfer = 0 } = await desk.heard(desk.home, "filesStop");
  desk.ended(desk.home, transfer);
}

describe("what is clean", () => {
  it("arrives, and its target takes the bytes alone that were scanned", async () => {
    const record = await started([said("clean"), said("found", { signature: "Eicar" }), said("clean")]);
    const web = await desk.ready();
    const expected = desk.web.agent.sentOf("filesExpected").flatMap(({ entries = [] }) => entries);
    expect(expected.map(({ index, sha256 }) => [index, Buffer.from(sha256 ?? []).toString("hex")])).toEqual([
      [0, SHA],
      [2, SHA],
    ]);
    expect(desk.web.agent.sentOf("filesReceive")).toMatchObject([{ files: 2, bytes: 16n }]);
    expect(await desk.heard(desk.home, "filesSend")).toMatchObject({ leftOut: [1] });
    desk.done(web, [whole(0), whole(2, { sha256: new Uint8Array(32).fill(9) })], 16n);
    desk.ended(desk.web, web);
    await sourceStopped();
    const end = await record.done;
    expect(end).toMatchObject({ state: "done", detail: "f1 is held: Eicar was found in it (ClamAV)." });
    expect(end.files.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["whole", null],
      ["refused", "scan.found"],
      ["failed", "digest"],
    ]);
    expect(record.filesFrom(0, 9, "failed").files).toMatchObject([
      { path: "f1", reason: "scan.found", scan: "Eicar was found in it (ClamAV)" },
      { path: "f2", reason: "digest", scan: "" },
    ]);
  });

  it("is asked of the source and not of what an earlier try has brought there", async () => {
    const asked: string[][] = [];
    desk.scans = (source, files) => {
      asked.push([nameOfEnd(source.party), ...files.map(({ index }) => String(index))]);
      return Promise.resolve(new Map());
    };
    const record = desk.start(["a"]);
    await desk.listFiles(["f0", "f1"]);
    await sourceStopped();
    await record.done;
    expect(asked).toEqual([["home", "0", "1"]]);
  });
});

describe("what is not clean", () => {
  it.each([
    [said("found", { signature: "Eicar" }), "scan.found", "f0 is held: Eicar was found in it (ClamAV)."],
    [
      said("suspicious", { signature: "Heuristics.X" }),
      "scan.found",
      "f0 is held: it looks suspicious: Heuristics.X (ClamAV).",
    ],
    [
      said("not-scanned", { reason: "it is encrypted" }),
      "scan.not-scanned",
      "f0 is held: it was not scanned: it is encrypted (ClamAV).",
    ],
    [
      said("error", { reason: "it hangs" }),
      "scan.not-scanned",
      "f0 is held: it could not be scanned: it hangs (ClamAV).",
    ],
    [
      { sha256: null, verdict: "clean", engines: [] } as const,
      "scan.not-scanned",
      "f0 is held: it was not scanned: no scanner runs.",
    ],
  ])("is held: %j", async (verdict, reason, detail) => {
    const record = await started([verdict as FileVerdict]);
    await sourceStopped();
    const end = await record.done;
    expect(end).toMatchObject({ state: "failed", detail, bytes: 0, files: [{ outcome: "refused", reason }] });
    expect(desk.web.agent.sentOf("filesReceive")).toEqual([]);
    expect(desk.told).toEqual([{ bytes: 0, detail: `failed; ${detail}; 1 of 1 files did not arrive` }]);
  });

  it("is named without what turns or hides text", async () => {
    desk.scans = () => Promise.resolve(new Map());
    const record = desk.start(["a"]);
    await desk.listFiles(["a\u202efdp.exe\n"]);
    await sourceStopped();
    expect((await record.done).detail).toMatch(/^afdp\.exe is held: /);
  });

  it("is held where nobody has said anything of it", async () => {
    desk.scans = () => Promise.resolve(new Map());
    const record = desk.start(["a"]);
    await desk.listFiles(["f0"]);
    await sourceStopped();
    expect(await record.done).toMatchObject({ state: "failed", files: [{ reason: "scan.not-scanned" }] });
  });

  it("can be tried again where it could not be scanned, and not where something was found", async () => {
    const record = await started([said("error"), said("found", { signature: "Eicar" })]);
    await sourceStopped();
    await record.done;
    expect(record.view).toMatchObject({ canRetry: true, failed: 2 });
    expect(record.retried).toEqual([bytes("f0")]);
  });
});

it("a transfer that is being scanned says so, and can be cancelled", async () => {
  desk.scans = (_source, _files, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Map())));
  const record = desk.start(["a"]);
  const { transfer = 0 } = await desk.heard(desk.home, "filesList");
  desk.list(transfer, [entry(0, "f0")]);
  await new Promise<void>((resolve) => {
    const look = (): void => void (record.state === "scanning" && resolve());
    desk.transfers.on("changed", look);
    look();
  });
  const cancelled = desk.transfers.cancel(record.id);
  await sourceStopped();
  expect((await cancelled).state).toBe("cancelled");
  expect(desk.web.agent.sentOf("filesReceive")).toEqual([]);
});

it("a transfer that is being scanned ends when its source has gone", async () => {
  desk.scans = (_source, _files, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(new Map())));
  const record = desk.start(["a"]);
  await desk.listFiles(["f0"]);
  await desk.home.vm.kill();
  expect(await record.done).toMatchObject({ state: "interrupted", detail: 'VM "home" was lost.' });
});

it("a file that is allowed by its digest arrives as these bytes alone", async () => {
  const start = (sha256: string) => {
    const permission = { kind: "given", seq: 3, crossing: OPENING, sha256 } as const;
    return desk.transfers.get(desk.transfers.start({ ...desk.request(["a"]), permission }).id);
  };
  for (const [round, sha256, outcome] of [
    [1, SHA, "whole"],
    [2, "00".repeat(32), "failed"],
  ] as const) {
    const record = start(sha256);
    await desk.listFiles(["f0"], 8n, round);
    const transfer = await desk.ready({}, round);
    const expected = desk.web.agent.sentOf("filesExpected").at(-1)?.entries?.[0];
    expect(Buffer.from(expected?.sha256 ?? []).toString("hex")).toBe(sha256);
    desk.done(transfer, [whole(0)]);
    desk.ended(desk.web, transfer);
    const { transfer: source = 0 } = await desk.heard(desk.home, "filesStop", round);
    desk.ended(desk.home, source);
    expect((await record.done).files).toMatchObject([{ outcome }]);
  }
});

describe("one file that is to have another name at its target", () => {
  const start = (): TransferRecord => {
    const { source, ...request } = desk.request(["quarantine/key/first.com"]);
    if (!("paths" in source)) throw new Error("not by its path");
    const named = { ...source, name: bytes("second.com") };
    const permission = { kind: "given", seq: 3, crossing: OPENING, sha256: SHA } as const;
    return desk.transfers.get(desk.transfers.start({ ...request, source: named, permission }).id);
  };

  it("has it there, and in the list of transfers", async () => {
    const record = start();
    expect(record.view.name).toBe("second.com");
    await desk.listFiles(["first.com"]);
    const transfer = await desk.ready();
    expect(desk.web.agent.sentOf("filesExpected").at(-1)?.entries).toMatchObject([{ path: bytes("second.com") }]);
    desk.done(transfer, [whole(0)]);
    desk.ended(desk.web, transfer);
    await sourceStopped();
    expect(await record.done).toMatchObject({ state: "done", files: [{ path: bytes("second.com") }] });
    expect(record.view.name).toBe("second.com");
  });

  it.each([
    ["a folder", [entry(0, "first.com", { kind: FileKind.FOLDER, size: 0n })]],
    ["two", [entry(0, "first.com"), entry(1, "other.com")]],
    ["nothing", []],
  ])("is not taken where its source says that it is %s", async (_, entries) => {
    const record = start();
    const { transfer = 0 } = await desk.heard(desk.home, "filesList");
    desk.list(transfer, entries);
    await sourceStopped();
    expect(await record.done).toMatchObject({
      state: "failed",
      detail: "The source has something else than that one file.",
    });
    expect(desk.web.agent.sentOf("filesReceive")).toEqual([]);
  });
});

it("a transfer that was allowed elsewhere is scanned where that says so", async () => {
  let scans = 0;
  desk.scans = () => {
    scans += 1;
    return Promise.resolve(new Map());
  };
  const record = desk.transfers.get(
    desk.transfers.start({
      ...desk.request(["a"]),
      permission: { kind: "given", seq: 3, crossing: OPENING, scans: true, admits: () => null },
    }).id,
  );
  await desk.listFiles(["f0"]);
  await sourceStopped();
  expect((await record.done).state).toBe("failed");
  expect([scans, desk.asked]).toEqual([1, []]);
});

it("what one scanner has passed arrives where the rule says that one is enough, and is held where it does not", async () => {
  const [clean] = said("clean").engines;
  const found = said("found", { signature: "Eicar" });
  const both = { ...found, engines: clean === undefined ? [] : [...found.engines, clean] };
  for (const oneScannerSuffices of [false, true]) {
    desk.answer = () =>
      Promise.resolve({
        ...{ allowed: true, by: "rule", rule: null, explanation: "", seq: 5 },
        ...{ scans: true, oneScannerSuffices },
      });
    const record = await started([both, found]);
    if (oneScannerSuffices) {
      await desk.ready();
      const expected = desk.web.agent.sentOf("filesExpected").flatMap(({ entries = [] }) => entries);
      expect(expected.map(({ index }) => index)).toEqual([0]);
    } else {
      await sourceStopped();
      expect((await record.done).files.map(({ reason }) => reason)).toEqual(["scan.found", "scan.found"]);
    }
  }
});

describe("what no scanner could look at, where the rule lets the person decide", () => {
  const unscanned = said("not-scanned", { reason: "it is encrypted" });

  /** Three files, of which the last two are not clean. */
  async function asked(answer: boolean): Promise<TransferRecord> {
    const allowed = { allowed: true, by: "rule", rule: null, explanation: "" } as const;
    desk.answer = ({ isAlwaysAsked = false }) =>
      Promise.resolve(
        isAlwaysAsked
          ? { ...allowed, allowed: answer, by: "person", seq: 6 }
          : { ...allowed, scans: true, asksUnscanned: true, seq: 5 },
      );
    return started([said("clean"), unscanned, said("found", { signature: "Eicar" })]);
  }

  it("arrives when they say so, as the bytes that were looked at, and what was found is held all the same", async () => {
    const record = await asked(true);
    const web = await desk.ready();
    expect(desk.asked).toMatchObject([
      {},
      {
        crossing: { action: "file.send", bytes: 8 },
        warning: "f1 is held: it was not scanned: it is encrypted (ClamAV).",
        preview: { current: { text: "f1" } },
      },
    ]);
    const expected = desk.web.agent.sentOf("filesExpected").flatMap(({ entries = [] }) => entries);
    expect(expected.map(({ index, sha256 }) => [index, Buffer.from(sha256 ?? []).toString("hex")])).toEqual([
      [0, SHA],
      [1, SHA],
    ]);
    desk.done(web, [whole(0), whole(1)]);
    desk.ended(desk.web, web);
    await sourceStopped();
    expect((await record.done).files.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["whole", null],
      ["whole", null],
      ["refused", "scan.found"],
    ]);
    expect(desk.told[0]).toMatchObject({ detail: expect.stringContaining("let through: f1") as string, isQuiet: true });
  });

  it("is held when they say no", async () => {
    const record = await asked(false);
    const web = await desk.ready();
    desk.done(web, [whole(0)]);
    desk.ended(desk.web, web);
    await sourceStopped();
    expect((await record.done).files.map(({ reason }) => reason)).toEqual([null, "scan.not-scanned", "scan.found"]);
  });

  it("is held when they take a safe copy in its place, which is offered to whoever can make one", async () => {
    const unsent = { ...desk.request(["a"]) };
    const crossing = OPENING;
    let taken = 0;
    desk.answer = () =>
      Promise.resolve({ allowed: false, by: "person", rule: null, explanation: "", seq: null, wantsSafeCopy: true });
    desk.scans = () => Promise.resolve(new Map([[0, unscanned]]));
    const record = desk.transfers.get(
      desk.transfers.start({
        ...unsent,
        permission: {
          kind: "given",
          seq: 5,
          crossing,
          scans: true,
          unscanned: crossing,
          takesSafeCopy: () => (taken += 1),
        },
      }).id,
    );
    await desk.listFiles(["f0"]);
    await sourceStopped();
    expect((await record.done).files.map(({ reason }) => reason)).toEqual(["scan.not-scanned"]);
    expect(desk.asked).toMatchObject([{ offersSafeCopy: true, isAlwaysAsked: true }]);
    expect(taken).toBe(1);
  });

  it("is not asked about where there is none, or the rule holds it", async () => {
    const record = await started([unscanned]);
    await sourceStopped();
    await record.done;
    expect(desk.asked).toHaveLength(1);
  });
});
