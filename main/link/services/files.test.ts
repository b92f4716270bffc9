import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FileKind, FileReason } from "#shared/protocol/gen/atoll_pb.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { MAX_HEADER_BYTES, MAX_TRANSFERS } from "#shared/protocol/limits.ts";
import { encodeHeader, type WireMessageInit } from "#shared/protocol/header.ts";
import { FILES, type Receiving } from "../contracts/files.ts";
import { ServiceHost } from "../testing/service-host.ts";

// Saved files are told by a timer.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const NONE = new Uint8Array(0);
const START = { first: 0, offset: 0, prefixSha256: NONE };
const receiving = (fields: Partial<Receiving> = {}): Receiving => ({
  key: new Uint8Array(16),
  origin: "web",
  into: { kind: "incoming" },
  files: 1,
  bytes: 8,
  isOpened: false,
  isReadOnly: false,
  ...fields,
});
const file = (index: number, pathBytes = 1): ListedFile => ({
  index,
  kind: "file",
  path: new Uint8Array(pathBytes).fill(0x61),
  size: 8,
  executable: true,
  modifiedS: 5,
  reason: null,
});
const entry = { index: 0, kind: FileKind.FILE, path: Uint8Array.of(0x61), size: 8n };

describe("a source", () => {
  it("is told what to list, by paths in messages that are short enough, or by what it wanted", () => {
    const host = new ServiceHost();
    const paths = Array.from({ length: 40 }, () => new Uint8Array(4096).fill(0x2f));
    host.order(FILES, { type: "list", transfer: 1, what: { paths } });
    host.order(FILES, { type: "list", transfer: 2, what: { wanted: 9 } });
    const lists = host.sentOf("filesList");
    expect(lists.filter(({ transfer }) => transfer === 1).flatMap((list) => list.paths ?? [])).toHaveLength(40);
    for (const list of lists)
      expect(encodeHeader("filesList", list as WireMessageInit<"filesList">).length).toBeLessThan(MAX_HEADER_BYTES);
    expect(lists.map(({ more }) => more ?? false)).toEqual([true, true, true, true, false, false]);
    expect(lists.at(-1)).toMatchObject({ transfer: 2, wanted: 9 });
  });

  it("tells main of its list, and then sends by the stream that main hears of", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "list", transfer: 1, what: { paths: [] } });
    host.say("filesListed", { transfer: 1, entries: [entry], last: true });
    host.order(FILES, { type: "send", transfer: 1, from: { ...START, first: 1 }, leftOut: [0] });
    expect(host.sentOf("filesSend")).toMatchObject([{ transfer: 1, stream: 1, first: 1, offset: 0n, leftOut: [0] }]);
    host.say("streamEnd", { stream: 1 });
    host.say("filesEnded", { transfer: 1 });
    expect(host.eventsOf(FILES)).toMatchObject([
      { type: "listed", files: [{ index: 0, kind: "file", size: 8 }], isLast: true },
      { type: "streamOpened", transfer: 1, stream: 1 },
      { type: "ended", reason: null },
    ]);
  });

  it("that has ended is told nothing more", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "list", transfer: 1, what: { paths: [] } });
    host.say("filesEnded", { transfer: 1, reason: FileReason.GONE });
    const before = host.sent.length;
    host.order(FILES, { type: "send", transfer: 1, from: START, leftOut: [] });
    host.order(FILES, { type: "pause", transfer: 1, isPaused: true });
    host.order(FILES, { type: "stop", transfer: 1, keep: false });
    expect(host.sent).toHaveLength(before);
  });

  it("is one of so many at most: one more has ended before it began", () => {
    const host = new ServiceHost();
    for (let transfer = 1; transfer <= MAX_TRANSFERS + 1; transfer += 1)
      host.order(FILES, { type: "list", transfer, what: { paths: [] } });
    host.order(FILES, { type: "receive", transfer: MAX_TRANSFERS + 2, receiving: receiving() });
    expect(host.eventsOf(FILES)).toMatchObject([
      { type: "ended", transfer: MAX_TRANSFERS + 1, reason: "too-many" },
      { type: "ended", transfer: MAX_TRANSFERS + 2, reason: "too-many" },
    ]);
    expect(host.sentOf("filesReceive")).toEqual([]);
  });
});

describe("a target", () => {
  it("is told where the files go", () => {
    const host = new ServiceHost();
    const path = Uint8Array.of(0x2f);
    const sha256 = new Uint8Array(32);
    host.order(FILES, { type: "receive", transfer: 1, receiving: receiving() });
    host.order(FILES, { type: "receive", transfer: 2, receiving: receiving({ into: { kind: "path", path } }) });
    const replaced = receiving({ into: { kind: "replaced", path, sha256 }, isOpened: true, isReadOnly: true });
    host.order(FILES, { type: "receive", transfer: 3, receiving: replaced });
    expect(host.sentOf("filesReceive")).toMatchObject([
      { transfer: 1, stream: 1, origin: "web", destination: { case: "incoming" }, files: 1, bytes: 8n, opened: false },
      { transfer: 2, stream: 2, destination: { case: "path", value: path } },
      { transfer: 3, destination: { case: "replaced", value: { path, sha256 } }, opened: true, readOnly: true },
    ]);
  });

  it("is told what comes in messages that are short enough, the last of which says so", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "receive", transfer: 1, receiving: receiving() });
    const files = Array.from({ length: 50 }, (_, index) => file(index, 4000));
    host.order(FILES, { type: "expect", transfer: 1, files: files.slice(0, 20), isLast: false });
    host.order(FILES, { type: "expect", transfer: 1, files: files.slice(20), isLast: true });
    const messages = host.sentOf("filesExpected");
    expect(messages.flatMap(({ entries = [] }) => entries.map(({ index }) => index))).toEqual([...files.keys()]);
    expect(messages.map(({ last }) => last)).toEqual([...messages.slice(1).map(() => false), true]);
    for (const message of messages)
      expect(encodeHeader("filesExpected", message as WireMessageInit<"filesExpected">).length).toBeLessThan(
        MAX_HEADER_BYTES,
      );
  });

  it("is told of each file what it is, with the hash where it is known", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "receive", transfer: 1, receiving: receiving() });
    const sha256 = new Uint8Array(32).fill(7);
    const files = [
      { ...file(0), sha256 },
      { ...file(1), kind: "folder" as const, size: 0, executable: false },
    ];
    host.order(FILES, { type: "expect", transfer: 1, files, isLast: true });
    const path = Uint8Array.of(0x61);
    expect(host.sentOf("filesExpected")).toEqual([
      {
        transfer: 1,
        entries: [
          { index: 0, kind: FileKind.FILE, path, size: 8n, executable: true, modifiedS: 5n, sha256 },
          { index: 1, kind: FileKind.FOLDER, path, size: 0n, executable: false, modifiedS: 5n },
        ],
        last: true,
      },
    ]);
    expect(host.eventsOf(FILES)).toEqual([{ type: "streamOpened", transfer: 1, stream: 1 }]);
  });

  it("is told of many small files, and of their hashes, in messages that are short enough", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "receive", transfer: 1, receiving: receiving() });
    const sha256 = new Uint8Array(32);
    const files = Array.from({ length: 1_000 }, (_, index) => ({ ...file(index), sha256 }));
    host.order(FILES, { type: "expect", transfer: 1, files, isLast: true });
    // An entry counts as its path, its hash and 48 bytes more; a message has 32 KiB of them.
    const counts = host.sentOf("filesExpected").map(({ entries = [] }) => entries.length);
    expect(counts).toEqual([404, 404, 192]);
  });

  it("is told at once while no more than so much is unread", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "receive", transfer: 1, receiving: receiving() });
    host.queuedBytes = 512 * 1024;
    host.order(FILES, { type: "expect", transfer: 1, files: [file(0)], isLast: false });
    expect(host.sentOf("filesExpected")).toHaveLength(1);
    host.queuedBytes += 1;
    host.order(FILES, { type: "expect", transfer: 1, files: [file(1)], isLast: true });
    expect(host.sentOf("filesExpected")).toHaveLength(1);
    host.drain();
    expect(host.sentOf("filesExpected")).toHaveLength(2);
  });

  it("is told no faster than it reads, and nothing when it has ended meanwhile", () => {
    const host = new ServiceHost();
    host.queuedBytes = 1024 * 1024;
    for (const transfer of [1, 2]) {
      host.order(FILES, { type: "receive", transfer, receiving: receiving() });
      host.order(FILES, { type: "expect", transfer, files: [file(0)], isLast: true });
    }
    expect(host.sentOf("filesExpected")).toEqual([]);
    host.say("filesEnded", { transfer: 1, reason: FileReason.NO_SPACE });
    host.drain();
    expect(host.sentOf("filesExpected")).toMatchObject([{ transfer: 2, last: true }]);
  });

  it("tells main where it goes on, and what became of each file", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "receive", transfer: 1, receiving: receiving() });
    host.order(FILES, { type: "expect", transfer: 1, files: [file(0)], isLast: true });
    host.say("filesReady", { transfer: 1 });
    host.say("filesDone", { transfer: 1, results: [{ index: 0, outcome: 5, reason: FileReason.SIZE }], bytes: 8n });
    host.order(FILES, { type: "pause", transfer: 1, isPaused: true });
    host.order(FILES, { type: "stop", transfer: 1, keep: true });
    host.say("filesEnded", { transfer: 1, reason: FileReason.STOPPED });
    expect(host.eventsOf(FILES).slice(1)).toMatchObject([
      { type: "ready", from: START },
      { type: "done", files: [{ index: 0, outcome: "failed", reason: "size" }], bytes: 8 },
      { type: "ended", reason: "stopped" },
    ]);
    expect(host.sent.slice(-2)).toMatchObject([
      { name: "filesPause", value: { transfer: 1, paused: true } },
      { name: "filesStop", value: { transfer: 1, keep: true } },
    ]);
  });
});

it("a target that says again and again how much has come is heard some times, and of each file that is done", () => {
  const host = new ServiceHost();
  host.order(FILES, { type: "receive", transfer: 1, receiving: receiving({ files: 2 }) });
  host.order(FILES, { type: "expect", transfer: 1, files: [file(0), file(1)], isLast: true });
  host.say("filesReady", { transfer: 1 });
  const said = (failed: readonly number[], bytes: bigint): string => {
    const results = failed.map((index) => ({ index, outcome: 5, reason: FileReason.SIZE }));
    return host.say("filesDone", { transfer: 1, results, bytes });
  };
  for (let count = 0; count < 5_000; count += 1) expect(said([], 3n)).toBe("accepted");
  for (const index of [0, 1]) said([index], 16n);
  const done = host.eventsOf(FILES).flatMap((event) => (event.type === "done" ? [event] : []));
  expect(done.length).toBeLessThan(500);
  expect(done.filter(({ files }) => files.length > 0)).toMatchObject([{ bytes: 16 }, { bytes: 16 }]);
  vi.advanceTimersByTime(100);
  said([], 16n);
  expect(host.eventsOf(FILES)).toHaveLength(done.length + 3);
});

describe("a watched file", () => {
  it("is named to the guest, and nothing of it is told once it is watched no more, or the link is closed", () => {
    const host = new ServiceHost();
    const path = Uint8Array.of(0x2f);
    const sha256 = new Uint8Array(32);
    for (const watch of [1, 2]) host.order(FILES, { type: "watch", watch, path });
    expect(host.sentOf("fileWatch")).toEqual([
      { watch: 1, path },
      { watch: 2, path },
    ]);
    host.order(FILES, { type: "unwatch", watch: 1 });
    expect(host.say("fileSaved", { watch: 1, size: 1n, sha256 })).toBe("accepted");
    expect(host.eventsOf(FILES)).toEqual([]);
    for (const size of [1n, 2n]) host.say("fileSaved", { watch: 2, size, sha256 });
    host.close();
    vi.advanceTimersByTime(1_000);
    expect(host.eventsOf(FILES)).toMatchObject([{ watch: 2, size: 1 }]);
  });

  it("that is saved a thousand times a second is told of some times, the newest last", () => {
    const host = new ServiceHost();
    host.order(FILES, { type: "watch", watch: 1, path: Uint8Array.of(0x2f) });
    for (let size = 1n; size <= 1_000n; size += 1n) {
      host.say("fileSaved", { watch: 1, size, sha256: new Uint8Array(32) });
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(1_000);
    expect(host.eventsOf(FILES).length).toBeLessThanOrEqual(6);
    expect(host.eventsOf(FILES).at(-1)).toMatchObject({ type: "saved", watch: 1, size: 1_000 });
    host.order(FILES, { type: "unwatch", watch: 1 });
    host.order(FILES, { type: "unwatch", watch: 1 });
    expect(host.sentOf("fileUnwatch")).toEqual([{ watch: 1 }]);
  });
});
