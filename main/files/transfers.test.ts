/** Transfers between VMs whose agents a test speaks for: also what no honest agent does. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { FileVerdict } from "#shared/model/scan.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { FileKind, FileOutcome, FileReason } from "#shared/protocol/gen/atoll_pb.ts";
import type { CrossingOutcome } from "../crossings/crossing-request.ts";
import { HOST } from "../policy/crossing.ts";
import { bytes, decided, DIGEST, entry, FilesDesk, whole } from "./testing/files-desk.ts";
import type { LinkedVm } from "../clipboard/testing/linked-vm.ts";
import type { TransferRecord } from "./transfer-record.ts";
import { Transfers } from "./transfers.ts";
import type { KeptTransfer } from "./transfers-file.ts";

const CLEAN = { sha256: Buffer.from(DIGEST).toString("hex"), verdict: "clean", engines: [] } satisfies FileVerdict;
const OPENING = { action: "file.open", from: HOST, to: HOST, type: "text/plain", bytes: null } as const;

let desk: FilesDesk;
beforeEach(async () => void (desk = await FilesDesk.open()));

const denied = (by: CrossingOutcome["by"]): CrossingOutcome => ({
  allowed: false,
  by,
  rule: null,
  explanation: "Line 9 denies it.",
  seq: null,
});

describe("a transfer", () => {
  it("is listed, asked for, announced to its target, joined, and reported once", async () => {
    const record = desk.start(["/home/user/a", "b"]);
    const list = await desk.heard(desk.home, "filesList");
    expect(list.paths?.map((path) => Buffer.from(path).toString())).toEqual(["/home/user/a", "b"]);
    desk.list(list.transfer ?? 0, [
      entry(0, "a"),
      entry(1, "link", { kind: FileKind.LEFT_OUT, reason: FileReason.SYMLINK }),
      entry(2, "b", { kind: FileKind.FOLDER, size: 0n }),
      entry(3, "b/c", { size: 4n }),
    ]);
    const web = await desk.ready();
    expect(desk.asked).toMatchObject([
      {
        crossing: { action: "file.send", from: { name: "home" }, to: { name: "web" }, bytes: 12 },
        preview: { current: { kind: "text", text: "a\nb/\nb/c", bytes: 12, isComplete: true } },
      },
    ]);
    expect(desk.web.agent.sentOf("filesReceive")).toMatchObject([
      { origin: "home", destination: { case: "incoming" }, files: 3, bytes: 12n },
    ]);
    const expected = desk.web.agent.sentOf("filesExpected").flatMap(({ entries = [] }) => entries);
    expect(expected.map(({ index }) => index)).toEqual([0, 2, 3]);
    const send = await desk.heard(desk.home, "filesSend");
    expect(send).toMatchObject({ transfer: list.transfer, first: 0, offset: 0n, leftOut: [] });
    // The bytes go from link to link: what one agent writes, the other one reads.
    const into = desk.web.agent.sentOf("filesReceive")[0]?.stream ?? 0;
    desk.web.agent.say("streamCredit", { stream: into, bytes: 100 });
    await desk.heard(desk.home, "streamCredit");
    desk.home.agent.say("streamData", { stream: send.stream ?? 0 }, Uint8Array.of(1, 2, 3));
    await desk.heard(desk.web, "streamData");
    expect(desk.web.agent.sent.findLast(({ name }) => name === "streamData")?.payload).toEqual(Uint8Array.of(1, 2, 3));
    expect(record.view).toMatchObject({ state: "moving", files: 4, doneFiles: 0, failed: 1, name: "a" });
    desk.home.agent.say("streamEnd", { stream: send.stream ?? 0 });
    desk.ended(desk.home, list.transfer ?? 0);
    desk.done(web, [whole(0, { path: bytes("/in/a") }), whole(2, { sha256: new Uint8Array(0) })], 8n);
    desk.done(web, [{ index: 3, outcome: FileOutcome.SAME, sha256: DIGEST }], 12n);
    desk.ended(desk.web, web);
    const end = await record.done;
    expect(end).toMatchObject({ state: "done", bytes: 8, detail: "" });
    expect(end.files).toMatchObject([
      { index: 0, outcome: "whole", sha256: Buffer.from(DIGEST).toString("hex"), arrivedAt: bytes("/in/a") },
      { index: 1, outcome: "skipped", reason: "symlink" },
      { index: 2, outcome: "whole", isFolder: true, sha256: null },
      { index: 3, outcome: "same" },
    ]);
    expect(desk.told).toEqual([{ bytes: 8, detail: "1 of 4 files did not arrive" }]);
    expect(desk.kept).toEqual([]);
  });

  it("that is denied moves nothing, and its source need not wait", async () => {
    desk.answer = () => Promise.resolve(denied("person"));
    const record = desk.start(["a"]);
    await desk.listFiles(["a"]);
    const stop = await desk.heard(desk.home, "filesStop");
    desk.ended(desk.home, stop.transfer ?? 0, FileReason.STOPPED);
    expect(await record.done).toMatchObject({ state: "denied", detail: "Line 9 denies it." });
    expect(desk.web.agent.sentOf("filesReceive")).toEqual([]);
    expect(desk.told).toEqual([]);
    expect(desk.transfers.refusalOf(record)).toMatchObject({ by: "person" });
  });

  it("whose answer nobody waits for any more is denied, and can be cancelled meanwhile", async () => {
    desk.answer = (_request, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) resolve(denied("lapsed"));
        signal?.addEventListener("abort", () => resolve(denied("lapsed")));
      });
    const [asking, cancelling] = [new AbortController(), new AbortController()];
    const one = desk.start(["a"], { askSignal: asking.signal });
    await desk.listFiles(["a"]);
    await vi.waitFor(() => expect(desk.asked).toHaveLength(1));
    asking.abort();
    desk.ended(desk.home, (await desk.heard(desk.home, "filesStop")).transfer ?? 0);
    expect((await one.done).state).toBe("denied");
    const other = desk.start(["a"], { signal: cancelling.signal });
    await desk.listFiles(["a"], 8n, 2);
    cancelling.abort();
    desk.ended(desk.home, (await desk.heard(desk.home, "filesStop", 2)).transfer ?? 0);
    expect((await other.done).state).toBe("cancelled");
  });

  it.each(["home", "web"] as const)(
    "is not asked about any more when %s has gone, and can go on later",
    async (lost) => {
      const signals: AbortSignal[] = [];
      desk.answer = (_request, signal) =>
        new Promise((resolve) => {
          if (signal === undefined) return;
          signals.push(signal);
          signal.addEventListener("abort", () => resolve(denied("lapsed")));
        });
      const record = desk.start(["a"]);
      await desk.listFiles(["a"]);
      await vi.waitFor(() => expect(signals).toHaveLength(1));
      await desk[lost].vm.kill();
      await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
      if (lost === "web") desk.ended(desk.home, (await desk.heard(desk.home, "filesStop")).transfer ?? 0);
      expect(await record.done).toMatchObject({ state: "interrupted", detail: `VM "${lost}" was lost.` });
      expect(desk.web.agent.sentOf("filesReceive")).toEqual([]);
    },
  );

  it("of which nothing can be listed has failed, with why", async () => {
    const record = desk.start(["a"]);
    const { transfer = 0 } = await desk.heard(desk.home, "filesList");
    desk.ended(desk.home, transfer, FileReason.TOO_MANY, "more than 100000 files");
    expect(await record.done).toMatchObject({
      state: "failed",
      detail: "Too many files: the VM said: “more than 100000 files”.",
    });
    expect(desk.asked).toEqual([]);
  });

  it("of which nothing is left to send is done, with its report and without a question", async () => {
    const record = desk.start(["a"]);
    const { transfer = 0 } = await desk.heard(desk.home, "filesList");
    desk.list(transfer, [entry(0, "a", { kind: FileKind.LEFT_OUT, reason: FileReason.GONE })]);
    await desk.heard(desk.home, "filesStop");
    desk.ended(desk.home, transfer);
    expect(await record.done).toMatchObject({ state: "done", files: [{ outcome: "skipped", reason: "gone" }] });
    expect(desk.asked).toEqual([]);
  });
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Both agents have begun, and the source has sent nothing yet. */
async function moving(names = ["a", "b"]): Promise<{ home: number; web: number; stream: number }> {
  await desk.listFiles(names);
  const web = await desk.ready();
  const { transfer: home = 0, stream = 0 } = await desk.heard(desk.home, "filesSend");
  return { home, web, stream };
}

describe("a transfer that moves", () => {
  it("is paused at its target, and goes on", async () => {
    const record = desk.start(["a"]);
    expect(() => desk.transfers.pause(record.id)).toThrow("is waiting");
    const { web } = await moving();
    expect(desk.transfers.pause(record.id).state).toBe("paused");
    expect(() => desk.transfers.pause(record.id)).toThrow("is paused");
    expect(desk.transfers.resume(record.id).state).toBe("moving");
    await desk.heard(desk.web, "filesPause", 2);
    expect(desk.web.agent.sentOf("filesPause")).toMatchObject([
      { transfer: web, paused: true },
      { transfer: web, paused: false },
    ]);
  });

  it("is cancelled at both ends, and keeps nothing; what had arrived stays and is said", async () => {
    const record = desk.start(["a", "b"]);
    const { home, web } = await moving();
    desk.done(web, [whole(0)], 8n);
    const cancelled = desk.transfers.cancel(record.id);
    await desk.heard(desk.web, "filesStop");
    expect([desk.home.agent, desk.web.agent].map((agent) => agent.sentOf("filesStop")[0]?.keep)).toEqual([
      false,
      false,
    ]);
    desk.ended(desk.home, home, FileReason.STOPPED);
    desk.ended(desk.web, web, FileReason.STOPPED);
    expect((await cancelled).state).toBe("cancelled");
    expect(await record.done).toMatchObject({
      state: "cancelled",
      files: [{ outcome: "whole" }, { outcome: "failed", reason: "stopped" }],
    });
    await expect(desk.transfers.cancel(record.id)).rejects.toMatchObject({ code: "transfer.wrong-state" });
    expect(desk.kept).toEqual([]);
  });

  it.each(["home", "web"] as const)("is interrupted when %s is lost, kept, and goes on where it was", async (lost) => {
    const record = desk.start(["a", "b"]);
    const { home, web } = await moving();
    desk.done(web, [whole(0)], 8n);
    await vi.waitFor(() => expect(record.view.doneFiles).toBe(1));
    expect(desk.kept).toMatchObject([{ id: record.id, key: record.key, files: 2 }]);
    await desk[lost].vm.kill();
    const left = lost === "home" ? desk.web : desk.home;
    const { transfer = 0, keep } = await desk.heard(left, "filesStop");
    expect([transfer, keep]).toEqual([lost === "home" ? web : home, true]);
    desk.ended(left, transfer, FileReason.STOPPED);
    expect(await record.done).toMatchObject({ state: "interrupted" });
    expect(desk.told.at(-1)?.detail).toMatch(/^interrupted; VM "(home|web)" was lost/);
    expect(desk.kept).toMatchObject([{ id: record.id, doneBytes: 8 }]);
  });

  it("that goes on after an interruption still says what has failed before", async () => {
    const record = desk.start(["a", "b"]);
    const { home, web } = await moving();
    desk.done(web, [{ index: 0, outcome: FileOutcome.FAILED, reason: FileReason.UNWRITABLE }], 0n);
    await vi.waitFor(() => expect(record.view).toMatchObject({ doneFiles: 0, failed: 1 }));
    desk.ended(desk.home, home, FileReason.STOPPED);
    await desk.web.vm.kill();
    expect((await record.done).state).toBe("interrupted");
    desk.transfers.resume(record.id);
    await desk.listFiles(["a", "b"], 8n, 2);
    await vi.waitFor(() => expect(record.sent).toHaveLength(2));
    expect(record.view).toMatchObject({ files: 2, doneFiles: 0, failed: 1 });
  });

  it("that has no room at its target fails, and says of each file what became of it", async () => {
    const record = desk.start(["a", "b"]);
    const { home, web } = await moving();
    desk.done(web, [{ index: 0, outcome: FileOutcome.FAILED, reason: FileReason.NO_SPACE }]);
    desk.ended(desk.web, web, FileReason.NO_SPACE);
    await desk.heard(desk.home, "filesStop");
    desk.ended(desk.home, home, FileReason.STOPPED);
    expect(await record.done).toMatchObject({
      state: "failed",
      detail: "The disk is full there.",
      files: [
        { outcome: "failed", reason: "no-space" },
        { outcome: "failed", reason: "stopped" },
      ],
    });
    expect(record.view).toMatchObject({ canRetry: true, failed: 2 });
  });
});

describe("after the application's end", () => {
  it("what was on its way is interrupted, and is tried again under the same key where the list is the same", async () => {
    const record = desk.start(["a", "b"]);
    await moving();
    const [before] = desk.kept;
    const next = new Transfers(desk.parts);
    next.restore();
    const restored = next.get(record.id);
    expect(restored.view).toMatchObject({ state: "interrupted", files: 2, bytes: 16, from: { name: "home" } });
    expect(next.start(desk.request(["x"])).id).toBe(record.id + 1);
    await desk.heard(desk.home, "filesList", 2);
    next.resume(record.id);
    await desk.listFiles(["a", "b"], 8n, 3);
    const web = await desk.ready({ first: 1, offset: 3n, prefixSha256: DIGEST }, 2);
    expect(desk.web.agent.sentOf("filesReceive").map(({ key }) => Buffer.from(key ?? []).toString("hex"))).toEqual([
      before?.key,
      before?.key,
    ]);
    expect(await desk.heard(desk.home, "filesSend", 2)).toMatchObject({ first: 1, offset: 3n, prefixSha256: DIGEST });
    desk.done(web, [whole(1)], 16n);
    desk.ended(desk.web, web);
    const { transfer = 0 } = await desk.heard(desk.home, "filesStop");
    desk.ended(desk.home, transfer);
    expect(await restored.done).toMatchObject({ state: "done", files: [{ outcome: "whole" }, { outcome: "whole" }] });
  });

  it("what was on its way shows how far it is while it goes on", async () => {
    const record = desk.start(["a", "b", "c"]);
    await moving(["a", "b", "c"]);
    const next = new Transfers(desk.parts);
    next.restore();
    next.resume(record.id);
    await desk.listFiles(["a", "b", "c"], 8n, 2);
    const web = await desk.ready({ first: 1, offset: 3n, prefixSha256: DIGEST }, 2);
    await desk.heard(desk.home, "filesSend", 2);
    expect(next.get(record.id).view).toMatchObject({ bytes: 24, doneBytes: 8, doneFiles: 1 });
    desk.done(web, [], 3n);
    await vi.waitFor(() => expect(next.get(record.id).view.doneBytes).toBe(11));
    desk.done(web, [whole(1)], 8n);
    await vi.waitFor(() => expect(next.get(record.id).view).toMatchObject({ doneBytes: 16, doneFiles: 2 }));
  });

  it("what was on its way begins anew where the list is another", async () => {
    const record = desk.start(["a", "b"]);
    await moving();
    const next = new Transfers(desk.parts);
    next.restore();
    next.resume(record.id);
    await desk.listFiles(["a", "b"], 9n, 2);
    await desk.ready({}, 2);
    const [one, other] = desk.web.agent.sentOf("filesReceive").map(({ key }) => Buffer.from(key ?? []).toString("hex"));
    expect(one).not.toBe(other);
  });

  it("what is given is asked once more when its size is known", async () => {
    const admits = (bytes: number): string => `${bytes} are too many`;
    const permission = { kind: "given", seq: 1, crossing: OPENING, admits } as const;
    const record = desk.transfers.start({ ...desk.request(["a"]), permission });
    await desk.listFiles(["a"], 9n);
    desk.ended(desk.home, (await desk.heard(desk.home, "filesStop")).transfer ?? 0);
    expect(await record.done).toMatchObject({ state: "denied", detail: "9 are too many" });
    expect(desk.web.agent.sentOf("filesReceive")).toEqual([]);
  });

  it("what was allowed elsewhere has an end in the audit log though nothing of it could be listed", async () => {
    const permission = { kind: "given", seq: 7, crossing: OPENING } as const;
    const record = desk.transfers.start({ ...desk.request(["a"]), permission });
    desk.ended(desk.home, (await desk.heard(desk.home, "filesList")).transfer ?? 0, FileReason.GONE);
    expect((await record.done).state).toBe("failed");
    expect(desk.told).toEqual([{ bytes: 0, detail: "failed; Is not there." }]);
    for (let at = 0; at < 200; at += 1) desk.start(["x"]);
    const late = await desk.transfers.start({ ...desk.request(["a"]), permission }).done;
    expect(desk.told.slice(1)).toEqual([{ bytes: 0, detail: `failed; ${late.detail}` }]);
  });

  it("what was interrupted keeps nothing else from beginning, and the oldest of those that are too many is given up", async () => {
    const kept = (id: number, from: LinkedVm): KeptTransfer => ({
      ...{ id, from: from.vm.id, to: desk.web.vm.id, paths: ["YQ=="], target: null, key: "0".repeat(32), name: "a" },
      ...{ chosen: 1, files: 1, bytes: 1, doneBytes: 0, listDigest: "", only: null },
    });
    desk.kept = [kept(1, desk.web), ...Array.from({ length: 250 }, (_, at) => kept(at + 2, desk.home))];
    const next = new Transfers(desk.parts);
    next.restore();
    const stateOf = (id: number): string => next.get(id).state;
    expect([stateOf(1), stateOf(152), stateOf(153)]).toEqual(["interrupted", "failed", "interrupted"]);
    expect(next.get(152).detail).toMatch(/more than 100 transfers were interrupted: resume those/);
    for (let at = 0; at < 200; at += 1) next.start(desk.request(["x"]));
    expect(stateOf(next.views[0]?.id ?? 0)).toBe("waiting");
    expect(await next.start(desk.request(["x"])).done).toMatchObject({
      state: "failed",
      detail: expect.stringMatching(/^200 transfers are under way already: wait .* or cancel some/) as string,
    });
    expect(desk.kept).toHaveLength(100);
  });

  it("what was on its way keeps its number and its place in the file though others move before its VMs are known", async () => {
    const record = desk.start(["a"]);
    await moving(["a"]);
    const before = desk.kept;
    expect(before).toMatchObject([{ id: record.id }]);
    const next = new Transfers(desk.parts);
    const early = next.start(desk.request(["b"]));
    expect(early.id).toBe(record.id + 1);
    await desk.listFiles(["b"], 8n, 2);
    await desk.ready({}, 2);
    expect(desk.kept).toMatchObject([...before, { id: early.id }]);
    next.restore();
    expect(next.get(record.id).view).toMatchObject({ state: "interrupted", name: "a" });
    expect(next.get(early.id).view).toMatchObject({ name: "b" });
  });

  it("what was on its way is listed newest first, in whatever order it was kept, and below what began since", () => {
    const kept = (id: number): KeptTransfer => ({
      ...{ id, from: desk.home.vm.id, to: desk.web.vm.id, paths: ["YQ=="], target: null, key: "0".repeat(32) },
      ...{ name: "a", chosen: 1, files: 1, bytes: 1, doneBytes: 0, listDigest: "", only: null },
    });
    desk.kept = [kept(5), kept(3), kept(4)];
    const next = new Transfers(desk.parts);
    next.start(desk.request(["b"]));
    next.restore();
    expect(next.views.map(({ id }) => id)).toEqual([6, 5, 4, 3]);
  });

  it("what is given for one file is not kept, and what is of a VM that is not known is, for another start", async () => {
    desk.transfers.start({ ...desk.request(["a"]), destination: { kind: "opened", isReadOnly: true } });
    await moving(["a"]);
    expect(desk.kept).toEqual([]);
    const unknown: KeptTransfer[] = [
      {
        ...{ id: 1, from: "00000000-0000-4000-8000-000000000009" as never, to: null, paths: ["YQ=="], target: null },
        ...{ key: "0".repeat(32), name: "a", chosen: 1, files: 1, bytes: 1, doneBytes: 0, listDigest: "", only: null },
      },
    ];
    desk.kept = unknown;
    const next = new Transfers(desk.parts);
    next.restore();
    expect(next.views).toEqual([]);
    const record = next.get(next.start(desk.request(["b"])).id);
    expect(record.id).toBe(2);
    await desk.listFiles(["b"], 8n, 2);
    await desk.heard(desk.web, "filesReceive", 2);
    expect(desk.kept).toMatchObject([...unknown, { id: 2 }]);
  });
});

describe("what has failed", () => {
  it("is tried again alone, with the folders above it", async () => {
    const record = desk.start(["f"]);
    const { transfer: home = 0 } = await desk.heard(desk.home, "filesList");
    const entries = [entry(0, "f", { kind: FileKind.FOLDER, size: 0n }), entry(1, "f/a"), entry(2, "f/b")];
    desk.list(home, entries);
    const web = await desk.ready();
    await desk.heard(desk.home, "filesSend");
    const changed = { index: 2, outcome: FileOutcome.FAILED, reason: FileReason.CHANGED };
    desk.done(web, [whole(0, { sha256: new Uint8Array(0) }), whole(1), changed], 8n);
    desk.ended(desk.web, web);
    await desk.heard(desk.home, "filesStop");
    desk.ended(desk.home, home);
    expect((await record.done).state).toBe("done");
    expect(desk.transfers.get(record.id).filesFrom(0, 10, "failed")).toMatchObject({
      total: 1,
      files: [{ index: 2, path: "f/b", state: "failed", reason: "changed" }],
    });
    const again = desk.transfers.retry(record.id);
    const { transfer: second = 0 } = await desk.heard(desk.home, "filesList", 2);
    desk.list(second, entries);
    await desk.ready({}, 2);
    const expected = desk.web.agent.sentOf("filesExpected").at(-1)?.entries ?? [];
    expect(expected.map(({ index }) => index)).toEqual([0, 2]);
    expect(await desk.heard(desk.home, "filesSend", 2)).toMatchObject({ leftOut: [1] });
    expect(again.view).toMatchObject({ state: "moving", files: 2, bytes: 8 });
    expect(() => desk.transfers.retry(again.id)).toThrow("cannot be tried again");
  });

  it("is tried again alone though the source has other files by now, with what can be listed of it", async () => {
    const record = desk.start(["f"]);
    const { transfer: home = 0 } = await desk.heard(desk.home, "filesList");
    const folder = { kind: FileKind.FOLDER, size: 0n };
    const unreadable = { kind: FileKind.LEFT_OUT, reason: FileReason.UNREADABLE };
    desk.list(home, [entry(0, "f", folder), entry(1, "f/a"), entry(2, "f/b"), entry(3, "f/c", unreadable)]);
    const web = await desk.ready();
    const gone = { index: 2, outcome: FileOutcome.FAILED, reason: FileReason.CHANGED };
    desk.done(web, [whole(0, { sha256: new Uint8Array(0) }), whole(1), gone], 8n);
    desk.ended(desk.web, web);
    desk.ended(desk.home, (await desk.heard(desk.home, "filesStop")).transfer ?? 0);
    await record.done;
    const again = desk.transfers.retry(record.id);
    const { transfer: second = 0 } = await desk.heard(desk.home, "filesList", 2);
    // A file before it is new, another one has grown, and what could not be read is a folder.
    desk.list(second, [
      ...[entry(0, "f", folder), entry(1, "f/0"), entry(2, "f/a", { size: 99n }), entry(3, "f/b")],
      ...[entry(4, "f/c", folder), entry(5, "f/c/d", folder), entry(6, "f/c/d/e"), entry(7, "f/cc")],
    ]);
    await desk.ready({}, 2);
    const expected = desk.web.agent.sentOf("filesExpected").at(-1)?.entries ?? [];
    expect(expected.map(({ index }) => index)).toEqual([0, 3, 4, 5, 6]);
    // Also where the application has ended meanwhile.
    const next = new Transfers(desk.parts);
    next.restore();
    next.resume(again.id);
    const { transfer: third = 0 } = await desk.heard(desk.home, "filesList", 3);
    desk.list(third, [entry(0, "f", folder), entry(1, "f/a"), entry(2, "f/b")]);
    await vi.waitFor(() => expect(next.get(again.id).sent.map(({ index }) => index)).toEqual([0, 2]));
  });
});

describe("an agent that says nothing", () => {
  it("is waited for while it lists for a minute, and when it is to stop for some seconds", async () => {
    vi.useFakeTimers();
    try {
      const record = desk.start(["a"]);
      await vi.advanceTimersByTimeAsync(59_000);
      expect(record.state).toBe("waiting");
      await vi.advanceTimersByTimeAsync(2_000);
      expect(await record.done).toMatchObject({ state: "interrupted" });
      expect(record.detail).toMatch(/VM "home" does not answer/);
      const cancelled = desk.start(["a"]);
      void desk.transfers.cancel(cancelled.id);
      await vi.advanceTimersByTimeAsync(11_000);
      expect(await cancelled.done).toMatchObject({ state: "cancelled" });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("an agent that lies", () => {
  it("costs its own VM its channels, and the other one a transfer", async () => {
    const record = desk.start(["a"]);
    const { web } = await moving(["a"]);
    // A file that was not expected, a digest of another length, more bytes than there are, and what is over.
    for (const [results, count, code] of [
      [[whole(7)], 0n, "unknown-file"],
      [[whole(0, { sha256: new Uint8Array(5) })], 0n, "number-out-of-range"],
      [[], 9n, "number-out-of-range"],
    ] as const)
      expect(
        await FilesDesk.open().then(async (other) => {
          other.start(["a"]);
          await other.listFiles(["a"]);
          const transfer = await other.ready();
          return other.web.agent.say("filesDone", { transfer, results: [...results] as never, bytes: count });
        }),
      ).toBe(code);
    desk.done(web, [whole(0)], 8n);
    expect(desk.web.agent.say("filesDone", { transfer: web, results: [whole(0)] as never })).toBe("unknown-file");
    expect(record.view.state).toBe("moving");
  });

  it("that is ready before it knows what comes, or lists what nobody asked for, is cut off", async () => {
    expect(desk.web.agent.say("filesReady", { transfer: 1 })).toBe("unknown-transfer");
    expect(desk.home.agent.say("filesListed", { transfer: 1, last: true })).toBe("unknown-transfer");
  });
});

describe("rules that change", () => {
  const detail = "The policy denies it now: Line 9 says so.";
  const changeTo = (decision: PolicyDecision): void => {
    desk.policy.decide = () => decided(decision);
    desk.policy.emit("changed");
  };

  it.each([false, true])("end what they deny now on its way, and tell so (paused: %s)", async (isPaused) => {
    const record = desk.start(["a", "b"]);
    const { home, web } = await moving();
    desk.done(web, [whole(0)], 8n);
    if (isPaused) desk.transfers.pause(record.id);
    changeTo("deny");
    const stops = [desk.home, desk.web].map((vm) => desk.heard(vm, "filesStop"));
    expect(await Promise.all(stops)).toMatchObject([{ keep: false }, { keep: false }]);
    desk.ended(desk.home, home, FileReason.STOPPED);
    desk.ended(desk.web, web, FileReason.STOPPED);
    expect(await record.done).toMatchObject({
      ...{ state: "denied", detail },
      files: [{ outcome: "whole" }, { outcome: "failed", reason: "stopped" }],
    });
    expect(desk.told).toEqual([{ bytes: 8, detail: `denied; ${detail}; 1 of 2 files did not arrive` }]);
    expect(desk.transfers.refusalOf(record)).toMatchObject({ allowed: false, rule: { line: 9 }, explanation: detail });
    expect(desk.kept).toEqual([]);
  });

  it("with a mistake hold what is on its way, which can go on when they are mended", async () => {
    const record = desk.start(["a"]);
    const { home, web } = await moving(["a"]);
    desk.policy.state = "broken";
    changeTo("deny");
    const stops = [desk.home, desk.web].map((vm) => desk.heard(vm, "filesStop"));
    expect(await Promise.all(stops)).toMatchObject([{ keep: true }, { keep: true }]);
    desk.ended(desk.home, home, FileReason.STOPPED);
    desk.ended(desk.web, web, FileReason.STOPPED);
    expect(await record.done).toMatchObject({ state: "interrupted", detail });
    expect(desk.kept).toMatchObject([{ id: record.id }]);
  });

  it("hold what goes on later, and of which the target may have lost files meanwhile, as its machine ended at once", async () => {
    const record = desk.start(["a", "b", "c", "d"]);
    const { home, web } = await moving(["a", "b", "c", "d"]);
    const failed = { index: 2, outcome: FileOutcome.FAILED, reason: FileReason.UNWRITABLE };
    const refused = { index: 3, outcome: FileOutcome.REFUSED, reason: FileReason.NAME };
    desk.done(web, [whole(0), whole(1), failed, refused], 24n);
    await vi.waitFor(() => expect(record.view).toMatchObject({ doneFiles: 2, failed: 2 }));
    const before = desk.policy.state;
    desk.policy.state = "broken";
    changeTo("deny");
    await Promise.all([desk.home, desk.web].map((vm) => desk.heard(vm, "filesStop")));
    desk.ended(desk.home, home, FileReason.STOPPED);
    desk.ended(desk.web, web, FileReason.STOPPED);
    expect(await record.done).toMatchObject({ state: "interrupted" });
    desk.policy.state = before;
    changeTo("allow");
    desk.transfers.resume(record.id);
    await desk.listFiles(["a", "b", "c", "d"], 8n, 2);
    await desk.ready({ first: 1 }, 2);
    // The first alone was on its disk: the next two are sent again.
    expect(await desk.heard(desk.home, "filesSend", 2)).toMatchObject({ first: 1, leftOut: [3] });
    expect(record.view).toMatchObject({ bytes: 32, doneBytes: 8, doneFiles: 1, failed: 1 });
  });

  it("keep what waits for its turn from beginning, and what was allowed elsewhere from going on", async () => {
    const decisions: object[] = [];
    const permission = { kind: "given", seq: 3, crossing: OPENING } as const;
    desk.transfers.start({ ...desk.request(["a"]), permission });
    await moving();
    desk.policy.decide = (crossing) => {
      decisions.push(crossing);
      return decided("deny");
    };
    // No rule has changed, and its VM has got another label.
    const late = desk.start(["late"]);
    await desk.listFiles(["late"], 8n, 2);
    const { transfer = 0 } = await desk.heard(desk.home, "filesStop");
    desk.ended(desk.home, transfer);
    expect(await late.done).toMatchObject({ state: "denied", detail });
    expect(desk.web.agent.sentOf("filesReceive")).toHaveLength(1);
    desk.policy.emit("changed");
    await desk.heard(desk.web, "filesStop");
    expect(decisions).toEqual([expect.objectContaining({ action: "file.send", bytes: 8 }), { ...OPENING, bytes: 16 }]);
  });

  it("that ask now leave what a person has allowed, and that want a scanner what was scanned", async () => {
    desk.answer = () =>
      Promise.resolve({ allowed: true, by: "person", rule: null, scans: true, explanation: "", seq: 5 });
    desk.scans = () => Promise.resolve(new Map([[0, CLEAN]]));
    const record = desk.start(["a"]);
    await moving(["a"]);
    changeTo("ask");
    desk.policy.decide = () => decided("deny", "no-scanner");
    desk.policy.emit("changed");
    await settled();
    expect(record.state).toBe("moving");
    expect(desk.web.agent.sentOf("filesStop")).toEqual([]);
  });

  it("are asked again when a transfer that was paused goes on", async () => {
    const record = desk.start(["a"]);
    await moving(["a"]);
    desk.transfers.pause(record.id);
    desk.policy.decide = () => decided("deny");
    desk.transfers.resume(record.id);
    for (const vm of [desk.home, desk.web]) desk.ended(vm, (await desk.heard(vm, "filesStop")).transfer ?? 0);
    expect(await record.done).toMatchObject({ state: "denied", detail });
    expect(desk.web.agent.sentOf("filesPause").map(({ paused }) => paused)).toEqual([true]);
  });
});

describe("turns", () => {
  /** So many transfers, all of whose files are listed. */
  async function listed(count: number): Promise<TransferRecord[]> {
    const records = Array.from({ length: count }, (_, at) => desk.start([`${at}`]));
    for (const [at] of records.entries()) {
      const lists = desk.home.agent.sentOf("filesList");
      desk.list(lists[at]?.transfer ?? 0, [entry(0, `${at}`)]);
    }
    await desk.heard(desk.web, "filesReceive", Math.min(count, 3));
    await vi.waitFor(() => expect(records.every(({ sent }) => sent.length === 1)).toBe(true));
    return records;
  }

  it("are had by three of one VM at most, and by another as soon as one has ended", async () => {
    const records = await listed(4);
    await vi.waitFor(() => expect(records[3]?.detail).toMatch(/waits until another transfer/));
    expect(records.map(({ state }) => state)).toEqual(["moving", "moving", "moving", "waiting"]);
    const web = desk.web.agent.sentOf("filesReceive")[0]?.transfer ?? 0;
    desk.ended(desk.web, web);
    const { transfer = 0 } = await desk.heard(desk.home, "filesStop");
    desk.ended(desk.home, transfer);
    await records[0]?.done;
    await desk.heard(desk.web, "filesReceive", 4);
    expect(records[3]).toMatchObject({ state: "moving", detail: "" });
    desk.transfers.clear();
    expect(desk.transfers.views.map(({ id }) => id)).toEqual([4, 3, 2]);
  });

  it("are given back by one that is paused, which waits for another when it goes on", async () => {
    const records = await listed(4);
    const [first, , , last] = records.map(({ id }) => id) as [number, number, number, number];
    await vi.waitFor(() => expect(records[3]?.state).toBe("waiting"));
    desk.transfers.pause(first);
    await desk.heard(desk.web, "filesReceive", 4);
    expect(records[3]?.state).toBe("moving");
    expect(desk.transfers.resume(first)).toMatchObject({ state: "waiting" });
    expect(desk.kept.map(({ id }) => id)).toContain(first);
    expect(desk.transfers.pause(first).state).toBe("paused");
    expect(() => desk.transfers.pause(first)).toThrow("is paused");
    expect(desk.transfers.resume(first).detail).toMatch(/waits until another transfer/);
    expect(desk.web.agent.sentOf("filesPause").map(({ paused }) => paused)).toEqual([true]);
    desk.transfers.pause(last);
    await vi.waitFor(() => expect(records[0]).toMatchObject({ state: "moving", detail: "" }));
    await desk.heard(desk.web, "filesPause", 3);
    expect(desk.web.agent.sentOf("filesPause").map(({ paused }) => paused)).toEqual([true, true, false]);
  });

  it("end with whoever sends nothing for a minute, and not while a person has paused it", async () => {
    vi.useFakeTimers();
    try {
      const record = desk.start(["a", "b"]);
      const { home, web } = await moving();
      desk.transfers.pause(record.id);
      await vi.advanceTimersByTimeAsync(300_000);
      expect(desk.transfers.resume(record.id).state).toBe("moving");
      await vi.advanceTimersByTimeAsync(50_000);
      desk.done(web, [], 1n);
      await vi.advanceTimersByTimeAsync(50_000);
      // What says nothing new is no sign of life.
      desk.done(web, [], 1n);
      expect(record.state).toBe("moving");
      await vi.advanceTimersByTimeAsync(12_000);
      const stops = [desk.home, desk.web].map(({ agent }) => agent.sentOf("filesStop"));
      expect(stops).toMatchObject([[{ transfer: home, keep: true }], [{ transfer: web, keep: true }]]);
      desk.ended(desk.home, home, FileReason.STOPPED);
      desk.ended(desk.web, web, FileReason.STOPPED);
      expect(await record.done).toMatchObject({
        state: "interrupted",
        detail: 'Nothing has come for a minute: VM "home" or VM "web" does not go on.',
      });
    } finally {
      vi.useRealTimers();
    }
  });

  it("are kept by nobody whose VM is paused, and it is not missed then", async () => {
    vi.useFakeTimers();
    try {
      const records = await listed(4);
      await desk.ready();
      await vi.advanceTimersByTimeAsync(0);
      expect(records[3]?.state).toBe("waiting");
      desk.web.machine.emit("paused", "asked");
      expect(desk.web.vm.state).toBe("paused");
      await vi.advanceTimersByTimeAsync(300_000);
      expect(records.map(({ state }) => state)).toEqual(["moving", "moving", "moving", "moving"]);
      desk.web.machine.emit("resumed");
      await vi.advanceTimersByTimeAsync(50_000);
      expect(records[2]?.state).toBe("moving");
      await vi.advanceTimersByTimeAsync(12_000);
      expect(desk.home.agent.sentOf("filesStop")).toMatchObject([{ keep: true }]);
    } finally {
      vi.useRealTimers();
    }
  });
});
