import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FILE_REASONS } from "../model/transfer.ts";
import { codeOf } from "../testing/outcome.ts";
import { tries } from "../testing/tries.ts";
import { FilesTable, type ListedFile } from "./files.ts";
import { FileKind, FileOutcome, FileReason } from "./gen/atoll_pb.ts";
import type { WireMessageOf } from "./header.ts";
import {
  MAX_DETAIL_BYTES,
  MAX_FILE_PATH_BYTES,
  MAX_FILE_RESULTS,
  MAX_FILE_WATCHES,
  MAX_FILES,
  MAX_FILES_PATH_BYTES,
  MAX_TRANSFER_BYTES,
  MAX_TRANSFERS,
} from "./limits.ts";
import { StreamTable } from "./streams.ts";
import { ViolationError } from "./violation.ts";

const DIGEST = new Uint8Array(32).fill(7);
const NONE = new Uint8Array(0);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const entry = (index: number, path: string, fields: object = {}): object => ({
  index,
  kind: FileKind.FILE,
  path: bytes(path),
  size: 8n,
  executable: false,
  modifiedS: 5n,
  reason: FileReason.UNSPECIFIED,
  sha256: NONE,
  ...fields,
});
const listed = (transfer: number, entries: object[], last = true): WireMessageOf<"filesListed"> =>
  ({ transfer, entries, last }) as WireMessageOf<"filesListed">;
const ready = (transfer: number, first = 0, offset = 0n, prefixSha256 = NONE): WireMessageOf<"filesReady"> =>
  ({ transfer, first, offset, prefixSha256 }) as WireMessageOf<"filesReady">;
const done = (transfer: number, results: object[], count = 0n): WireMessageOf<"filesDone"> =>
  ({
    transfer,
    results: results.map((result) => ({ reason: 0, sha256: DIGEST, path: NONE, ...result })),
    bytes: count,
  }) as WireMessageOf<"filesDone">;
const ended = (transfer: number, reason = 0, detail = ""): WireMessageOf<"filesEnded"> =>
  ({ transfer, reason, detail }) as WireMessageOf<"filesEnded">;
const file = (index: number, size = 8): ListedFile => ({
  index,
  kind: "file",
  path: bytes("a"),
  size,
  executable: false,
  modifiedS: 0,
  reason: null,
});

function tables(): { streams: StreamTable; files: FilesTable } {
  const streams = new StreamTable();
  return { streams, files: new FilesTable(streams) };
}

describe("a source", () => {
  it("lists in parts, in order, and then sends by a stream of its own", () => {
    const { streams, files } = tables();
    files.list(1);
    expect(files.send(1)).toBeNull();
    expect(files.acceptListed(listed(1, [entry(0, "a"), entry(1, "b", { size: 9n })], false))).toMatchObject([
      { index: 0, kind: "file", size: 8, modifiedS: 5, reason: null },
      { index: 1, size: 9 },
    ]);
    const rest = [
      entry(2, "c", { kind: FileKind.FOLDER, size: 0n }),
      entry(3, "c/d", { kind: FileKind.LEFT_OUT, reason: FileReason.SYMLINK }),
    ];
    expect(files.acceptListed(listed(1, rest))).toMatchObject([
      { kind: "folder", size: 0 },
      { kind: "left-out", reason: "symlink" },
    ]);
    expect(codeOf(() => files.acceptListed(listed(1, [])))).toBe("wrong-state");
    const stream = files.send(1);
    expect(stream === null ? null : streams.writerOf(stream)).toBe("agent");
    expect(files.send(1)).toBeNull();
  });

  it("says nothing about other transfers, and no part without a file", () => {
    const { files } = tables();
    files.list(1);
    expect(codeOf(() => files.acceptListed(listed(2, [])))).toBe("unknown-transfer");
    expect(codeOf(() => files.acceptListed(listed(1, [], false)))).toBe("wrong-state");
    expect(codeOf(() => files.acceptReady(ready(1)))).toBe("wrong-state");
    expect(codeOf(() => files.acceptDone(done(1, [])))).toBe("wrong-state");
  });

  it("ends at any time, and its stream by itself", () => {
    const { streams, files } = tables();
    for (const transfer of [1, 2]) files.list(transfer);
    expect(files.acceptEnded(ended(1, FileReason.GONE, "no\u0000 such"))).toEqual({
      reason: "gone",
      detail: "no such",
    });
    expect(codeOf(() => files.acceptEnded(ended(1)))).toBe("unknown-transfer");
    files.acceptListed(listed(2, [entry(0, "a")]));
    const stream = files.send(2) ?? 0;
    expect(files.acceptEnded(ended(2))).toEqual({ reason: null, detail: "" });
    expect(streams.writerOf(stream)).toBe("agent");
    expect(files.isOpen(2)).toBe(false);
  });

  it("has no times that there are not", () => {
    const { files } = tables();
    files.list(1);
    const times = [0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n].map((modifiedS, at) =>
      entry(at, "a", { modifiedS }),
    );
    expect(files.acceptListed(listed(1, times)).map(({ modifiedS }) => modifiedS)).toEqual([2 ** 40, -(2 ** 40)]);
  });
});

describe("what a source lists", () => {
  const list = (...parts: object[][]): string => {
    const { files } = tables();
    files.list(1);
    return codeOf(() => {
      for (const [at, part] of parts.entries()) files.acceptListed(listed(1, part, at + 1 === parts.length));
    });
  };

  it.each([
    [{ sha256: DIGEST }, "number-out-of-range"],
    [{ kind: FileKind.UNSPECIFIED }, "number-out-of-range"],
    [{ kind: 9 }, "number-out-of-range"],
    [{ size: BigInt(MAX_TRANSFER_BYTES) }, "accepted"],
    [{ size: BigInt(MAX_TRANSFER_BYTES) + 1n }, "number-out-of-range"],
    [{ kind: FileKind.FOLDER, size: 0n }, "accepted"],
    [{ kind: FileKind.FOLDER, size: 1n }, "number-out-of-range"],
    [{ kind: FileKind.LEFT_OUT, reason: 0 }, "number-out-of-range"],
    [{ kind: FileKind.LEFT_OUT, reason: FILE_REASONS.length }, "accepted"],
    [{ kind: FileKind.LEFT_OUT, reason: FILE_REASONS.length + 1 }, "number-out-of-range"],
    // Nothing of it comes: its size is a word alone.
    [{ kind: FileKind.LEFT_OUT, reason: 1, size: 0xffff_ffff_ffff_ffffn }, "accepted"],
  ])("is a file, a folder or left out: %o is %s", (fields, outcome) => {
    expect(list([entry(0, "a", fields)])).toBe(outcome);
  });

  it("has no path but a relative one, and no gap, over all parts", () => {
    expect(list([entry(0, "../a")])).toBe("bad-path");
    expect(list([entry(1, "a")])).toBe("number-out-of-range");
    expect(list([entry(0, "a")], [entry(0, "b")])).toBe("number-out-of-range");
    expect(list([entry(0, "a")], [entry(2, "b")])).toBe("number-out-of-range");
    expect(list([entry(0, "a")], [entry(1, "b")])).toBe("accepted");
  });

  it("has so many bytes in all, without what is left out", () => {
    const half = { size: BigInt(MAX_TRANSFER_BYTES / 2) };
    const leftOut = { kind: FileKind.LEFT_OUT, reason: 1, size: 5n };
    expect(list([entry(0, "a", half)], [entry(1, "b", half), entry(2, "c", leftOut)])).toBe("accepted");
    expect(list([entry(0, "a", half)], [entry(1, "b", half)], [entry(2, "c", { size: 1n })])).toBe("quota");
  });

  it("has so many files, over all parts", () => {
    const most = Array.from({ length: MAX_FILES }, (_, at) => entry(at, "a"));
    expect(list(most.slice(0, 1), most.slice(1))).toBe("accepted");
    expect(list(most.slice(0, 1), [...most.slice(1), entry(MAX_FILES, "a")])).toBe("quota");
  });

  it("has so many bytes of paths in all", () => {
    const long = "a".repeat(MAX_FILE_PATH_BYTES);
    const count = MAX_FILES_PATH_BYTES / MAX_FILE_PATH_BYTES;
    const most = Array.from({ length: count }, (_, at) => entry(at, long));
    const { files } = tables();
    files.list(1);
    expect(codeOf(() => files.acceptListed(listed(1, most, false)))).toBe("accepted");
    expect(codeOf(() => files.acceptListed(listed(1, [entry(count, "a")])))).toBe("quota");
  });

  it("says left out with its reason and a size that a number can be", () => {
    const { files } = tables();
    files.list(1);
    const leftOut = entry(0, "a", {
      kind: FileKind.LEFT_OUT,
      reason: FileReason.SYMLINK,
      size: 0xffff_ffff_ffff_ffffn,
    });
    expect(files.acceptListed(listed(1, [leftOut]))).toMatchObject([
      { kind: "left-out", reason: "symlink", size: Number.MAX_SAFE_INTEGER },
    ]);
  });
});

it("so many transfers are open at once, and so many files are watched", () => {
  const { files } = tables();
  for (let transfer = 1; transfer <= MAX_TRANSFERS; transfer += 1) expect(files.list(transfer)).toBe(true);
  expect([files.list(99), files.receive(99), files.isOpen(99)]).toEqual([false, null, false]);
  files.acceptEnded(ended(1));
  expect(files.receive(99)).not.toBeNull();
  for (let watch = 1; watch <= MAX_FILE_WATCHES; watch += 1) expect(files.watch(watch)).toBe(true);
  expect(files.watch(MAX_FILE_WATCHES + 1)).toBe(false);
});

it("a transfer begins when there is a stream for it", () => {
  const { streams, files } = tables();
  files.list(1);
  files.acceptListed(listed(1, [entry(0, "a")]));
  while (streams.open("host") !== null);
  expect([files.send(1), files.receive(2), files.isOpen(2)]).toEqual([null, null, false]);
  streams.drop(1);
  expect(files.send(1)).not.toBeNull();
});

describe("the end of a transfer", () => {
  it("has a reason that there is, or none, and words that are short enough", () => {
    const end = (reason: number, detail = ""): string => {
      const { files } = tables();
      files.list(1);
      return codeOf(() => files.acceptEnded(ended(1, reason, detail)));
    };
    const detail = "x".repeat(MAX_DETAIL_BYTES);
    expect([
      end(0, detail),
      end(FILE_REASONS.length),
      end(-1),
      end(FILE_REASONS.length + 1),
      end(0, `${detail}x`),
    ]).toEqual(["accepted", "accepted", "number-out-of-range", "number-out-of-range", "text-too-long"]);
  });
});

describe("a target", () => {
  it("that goes on says by a digest what it has, and none of nothing", () => {
    const of = (message: WireMessageOf<"filesReady">): string => {
      const { files } = tables();
      files.receive(1);
      files.expect(1, [file(0)], true);
      return codeOf(() => files.acceptReady(message));
    };
    expect(of(ready(1, 0, 0n, NONE))).toBe("accepted");
    expect(of(ready(1, 0, 0n, DIGEST))).toBe("number-out-of-range");
    expect(of(ready(1, 0, 8n, DIGEST))).toBe("accepted");
    expect(of(ready(1, 0, 8n, NONE))).toBe("number-out-of-range");
    expect(of(ready(1, 0, 8n, DIGEST.subarray(1)))).toBe("number-out-of-range");
    // It has all of them: the first that is missing is behind the last.
    expect(of(ready(1, 1))).toBe("accepted");
    expect(of(ready(1, 2))).toBe("number-out-of-range");
  });

  it.each([
    [{ outcome: FileOutcome.WHOLE }, "accepted"],
    [{ outcome: FileOutcome.WHOLE, sha256: NONE }, "number-out-of-range"],
    [{ outcome: FileOutcome.SAME, sha256: DIGEST.subarray(1) }, "number-out-of-range"],
    [{ outcome: FileOutcome.REFUSED, reason: 1, sha256: NONE }, "accepted"],
    [{ outcome: FileOutcome.REFUSED, reason: 0, sha256: NONE }, "number-out-of-range"],
    [{ outcome: FileOutcome.FAILED, reason: FILE_REASONS.length + 1, sha256: NONE }, "number-out-of-range"],
    [{ outcome: FileOutcome.UNSPECIFIED }, "number-out-of-range"],
    [{ outcome: 9 }, "number-out-of-range"],
    [{ outcome: FileOutcome.WHOLE, path: bytes("a") }, "bad-path"],
    [{ outcome: FileOutcome.WHOLE, path: bytes("/a") }, "accepted"],
  ])("says what became of a file: %o is %s", (result, outcome) => {
    const { files } = tables();
    files.receive(1);
    files.expect(1, [file(0)], true);
    expect(codeOf(() => files.acceptDone(done(1, [{ index: 0, ...result }])))).toBe(outcome);
  });

  it("counts the bytes of files alone", () => {
    const { files } = tables();
    files.receive(1);
    expect(files.expect(1, [file(0, 8), { ...file(1, 5), kind: "folder" }], true)).toBe(true);
    expect(codeOf(() => files.acceptDone(done(1, [], 9n)))).toBe("number-out-of-range");
    expect(codeOf(() => files.acceptDone(done(1, [], 8n)))).toBe("accepted");
  });

  it("says so much at once, and of no other transfer", () => {
    const { files } = tables();
    files.receive(1);
    const all = Array.from({ length: MAX_FILE_RESULTS + 1 }, (_, at) => file(at));
    files.expect(1, all, true);
    const results = all.map(({ index }) => ({ index, outcome: FileOutcome.SAME }));
    expect(codeOf(() => files.acceptDone(done(1, results)))).toBe("quota");
    expect(codeOf(() => files.acceptDone(done(1, results.slice(1))))).toBe("accepted");
    for (const transfer of [2, -1]) {
      const outcome = transfer < 0 ? "number-out-of-range" : "unknown-transfer";
      expect(codeOf(() => files.acceptDone(done(transfer, [])))).toBe(outcome);
    }
  });

  it("is ready once, when it knows all that comes, with no more of a file than that has", () => {
    const { streams, files } = tables();
    const stream = files.receive(1) ?? 0;
    expect(streams.writerOf(stream)).toBe("host");
    files.expect(1, [file(0)], false);
    expect(codeOf(() => files.acceptReady(ready(1)))).toBe("wrong-state");
    files.expect(1, [file(2, 5), { ...file(3, 0), kind: "folder" }], true);
    expect(files.expect(1, [file(4)], true)).toBe(false);
    expect(codeOf(() => files.acceptReady(ready(1, 5)))).toBe("number-out-of-range");
    expect(codeOf(() => files.acceptReady(ready(1, 2, 6n, DIGEST)))).toBe("number-out-of-range");
    expect(codeOf(() => files.acceptReady(ready(1, 3, 1n, DIGEST)))).toBe("number-out-of-range");
    expect(files.acceptReady(ready(1, 2, 5n, DIGEST))).toEqual({ first: 2, offset: 5, prefixSha256: DIGEST });
    expect(codeOf(() => files.acceptReady(ready(1)))).toBe("wrong-state");
  });

  it("says of each file once what became of it", () => {
    const { files } = tables();
    files.receive(1);
    files.expect(1, [file(0), file(2), { ...file(3, 0), kind: "folder" }], true);
    const results = [
      { index: 0, outcome: FileOutcome.KEPT_BOTH, path: bytes("/home/a (2)") },
      { index: 2, outcome: FileOutcome.FAILED, reason: FileReason.DIGEST, sha256: NONE },
      { index: 3, outcome: FileOutcome.WHOLE, sha256: NONE },
    ];
    expect(files.acceptDone(done(1, results, 16n))).toMatchObject({
      bytes: 16,
      files: [
        { index: 0, outcome: "kept-both", reason: null, path: bytes("/home/a (2)") },
        { index: 2, outcome: "failed", reason: "digest" },
        { index: 3, outcome: "whole", reason: null },
      ],
    });
    expect(codeOf(() => files.acceptDone(done(1, [{ index: 0, outcome: FileOutcome.SAME }])))).toBe("unknown-file");
    expect(codeOf(() => files.acceptDone(done(1, [{ index: 1, outcome: FileOutcome.SAME }])))).toBe("unknown-file");
    expect(codeOf(() => files.acceptDone(done(1, [], 17n)))).toBe("number-out-of-range");
  });

  it("that ends gives up its stream", () => {
    const { streams, files } = tables();
    const stream = files.receive(1) ?? 0;
    files.acceptEnded(ended(1, FileReason.NO_SPACE));
    expect(streams.writerOf(stream)).toBeNull();
    expect(codeOf(() => files.acceptDone(done(1, [])))).toBe("unknown-transfer");
  });
});

describe("a watched file", () => {
  it("may be said to be saved, also just after nobody watches it any more", () => {
    const { files } = tables();
    const saved = (watch: number, sha256 = DIGEST): WireMessageOf<"fileSaved"> =>
      ({ watch, size: 5n, sha256 }) as WireMessageOf<"fileSaved">;
    expect(codeOf(() => files.acceptSaved(saved(1)))).toBe("unknown-watch");
    files.watch(1);
    expect(codeOf(() => files.acceptSaved(saved(0)))).toBe("unknown-watch");
    expect(codeOf(() => files.acceptSaved(saved(1, NONE)))).toBe("number-out-of-range");
    expect(files.acceptSaved(saved(1))).toEqual({ size: 5, sha256: DIGEST });
    expect([files.unwatch(1), files.unwatch(1)]).toEqual([true, false]);
    expect(files.acceptSaved(saved(1))).toBeNull();
    expect(codeOf(() => files.acceptSaved(saved(2)))).toBe("unknown-watch");
  });
});

describe("whatever an agent says", () => {
  const transfer = fc.integer({ min: 0, max: 4 });
  const anyEntry = fc.record({
    index: fc.integer({ min: 0, max: 3 }),
    kind: fc.integer({ min: 0, max: 4 }),
    path: fc.constantFrom("a", "a/b", "..", "/a", "").map(bytes),
    size: fc.bigInt({ min: 0n, max: 20n }),
    executable: fc.boolean(),
    modifiedS: fc.constant(0n),
    reason: fc.integer({ min: -1, max: 17 }),
    sha256: fc.oneof({ weight: 4, arbitrary: fc.constant(NONE) }, { weight: 1, arbitrary: fc.constant(DIGEST) }),
  });
  const anyResult = fc.record({
    index: fc.integer({ min: 0, max: 3 }),
    outcome: fc.integer({ min: 0, max: 6 }),
    reason: fc.integer({ min: -1, max: 17 }),
    sha256: fc.constantFrom(NONE, DIGEST),
    path: fc.constantFrom(NONE, bytes("/a"), bytes("a")),
  });
  const act = fc.oneof(
    fc.tuple(fc.constant("list"), transfer),
    fc.tuple(fc.constant("send"), transfer),
    fc.tuple(fc.constant("receive"), transfer),
    fc.tuple(fc.constant("expect"), transfer),
    fc.tuple(fc.constant("listed"), transfer, fc.array(anyEntry, { maxLength: 3 }), fc.boolean()),
    fc.tuple(fc.constant("ready"), transfer, fc.integer({ min: 0, max: 3 }), fc.bigInt({ min: 0n, max: 9n })),
    fc.tuple(fc.constant("done"), transfer, fc.array(anyResult, { maxLength: 3 })),
    fc.tuple(fc.constant("ended"), transfer, fc.integer({ min: -1, max: 17 })),
  );

  it("is accepted or a violation, each file of a target has one result, and a list has no gap", () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const { streams, files } = tables();
        const used = new Set<number>();
        const results = new Set<string>();
        const lists = new Map<number, number>();
        for (const [name, number, ...rest] of acts as [string, number, ...unknown[]][]) {
          try {
            if (name === "list" || name === "receive") {
              // Main uses no number twice.
              if (used.has(number)) continue;
              used.add(number);
              if (name === "list") files.list(number);
              else files.receive(number);
            } else if (name === "send") files.send(number);
            else if (name === "expect") files.expect(number, [file(0), file(2)], true);
            else if (name === "listed") {
              for (const { index } of files.acceptListed(listed(number, rest[0] as object[], rest[1] as boolean))) {
                expect(index).toBe(lists.get(number) ?? 0);
                lists.set(number, index + 1);
              }
            } else if (name === "ready") files.acceptReady(ready(number, rest[0] as number, rest[1] as bigint, DIGEST));
            else if (name === "done") {
              for (const { index } of files.acceptDone(done(number, rest[0] as object[])).files) {
                expect([0, 2]).toContain(index);
                expect(results.has(`${number} ${index}`)).toBe(false);
                results.add(`${number} ${index}`);
              }
            } else {
              files.acceptEnded(ended(number, rest[0] as number));
              expect(files.isOpen(number)).toBe(false);
            }
          } catch (error) {
            if (!(error instanceof ViolationError)) throw error;
          }
        }
        streams.open("host");
      }),
      tries(500),
    );
  });
});
