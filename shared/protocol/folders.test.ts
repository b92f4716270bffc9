import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FILE_REASONS } from "../model/transfer.ts";
import { codeOf } from "../testing/outcome.ts";
import { FileReason } from "./gen/atoll_pb.ts";
import { FoldersTable } from "./folders.ts";
import type { WireMessageOf } from "./header.ts";
import { MAX_FILE_ACTS, MAX_FOLDER_ENTRIES, MAX_FOLDERS } from "./limits.ts";

type Changed = WireMessageOf<"folderChanged">;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const entry = (name: string, fields: object = {}) => ({
  name: bytes(name),
  folder: false,
  size: 0n,
  modifiedS: 0n,
  ...fields,
});
function change(fields: object): Changed {
  return { folder: 1, reset: false, entries: [], removed: [], last: true, more: 0, ...fields } as unknown as Changed;
}
function shown(): FoldersTable {
  const table = new FoldersTable();
  table.show(1);
  return table;
}

describe("a folder that is shown", () => {
  it("is told in parts, and again when it was seen", () => {
    const table = shown();
    const first = table.acceptChanged(change({ reset: true, entries: [entry("a")], last: false }));
    expect(first).toMatchObject({ isReset: true, isLast: false, items: [{ name: bytes("a"), isFolder: false }] });
    table.acceptChanged(change({ entries: [entry("b", { folder: true, size: 5n })], more: 3 }));
    expect(codeOf(() => table.acceptChanged(change({ entries: [entry("c")] })))).toBe("wrong-state");
    expect([table.seen(1), table.seen(1), table.seen(2)]).toEqual([true, false, false]);
    expect(table.acceptChanged(change({ removed: [bytes("a")] }))).toMatchObject({ removed: [bytes("a")] });
  });

  it("is neither told anew, nor in empty parts, in the middle of a change", () => {
    for (const part of [
      { reset: true, entries: [entry("b")] },
      { last: false },
      { last: false, entries: [entry("b")], more: 1 },
    ]) {
      const table = shown();
      table.acceptChanged(change({ entries: [entry("a")], last: false }));
      expect(codeOf(() => table.acceptChanged(change(part)))).toBe("wrong-state");
    }
  });

  it("may be told in one part what came and what is gone", () => {
    const table = shown();
    const part = change({ entries: [entry("a")], removed: [bytes("b")], last: false });
    expect(table.acceptChanged(part)).toMatchObject({ items: [{ name: bytes("a") }], removed: [bytes("b")] });
  });

  it("has so many files at most, however they come", () => {
    const names = Array.from({ length: MAX_FOLDER_ENTRIES }, (_, at) => `${at}`);
    const table = shown();
    table.acceptChanged(change({ entries: names.map((name) => entry(name)) }));
    table.seen(1);
    table.acceptChanged(change({ removed: [bytes("0")], entries: [entry("new")] }));
    table.seen(1);
    expect(codeOf(() => table.acceptChanged(change({ entries: [entry("one more")] })))).toBe("quota");
  });

  it("is told so much at once at most, in however many parts: all may be gone, and as much be new", () => {
    const names = (prefix: string): Uint8Array[] =>
      Array.from({ length: MAX_FOLDER_ENTRIES }, (_, at) => bytes(`${prefix}${at}`));
    const table = shown();
    for (const [old, now] of [
      ["none", "a"],
      ["a", "b"],
    ] as const) {
      table.acceptChanged(change({ removed: names(old), last: false }));
      table.acceptChanged(change({ entries: names(now).map((name) => entry("", { name })) }));
      table.seen(1);
    }
    // The same file again and again is no change that ends.
    const part = change({ entries: [entry("b0"), entry("b0")], last: false });
    for (let told = 0; told < MAX_FOLDER_ENTRIES; told += 1) table.acceptChanged(part);
    expect(codeOf(() => table.acceptChanged(part))).toBe("quota");
  });

  it("is heard no more when it is hidden, and still has to be sound", () => {
    const table = shown();
    expect([table.hide(1), table.hide(1)]).toEqual([true, false]);
    expect(table.acceptChanged(change({ entries: [entry("a")] }))).toBeNull();
    expect(codeOf(() => table.acceptChanged(change({ entries: [entry("a/b")] })))).toBe("bad-path");
  });

  it("has files of some size and time, and folders of none", () => {
    const most = 0x7fff_ffff_ffff_ffffn;
    const entries = [
      entry("a", { size: 5n, modifiedS: -7n }),
      entry("b", { size: most, modifiedS: most }),
      entry("c", { folder: true, size: 5n, modifiedS: -most }),
    ];
    expect(shown().acceptChanged(change({ entries, more: 0xffff_ffff }))).toEqual({
      isReset: false,
      items: [
        { name: bytes("a"), isFolder: false, size: 5, modifiedS: -7 },
        { name: bytes("b"), isFolder: false, size: Number.MAX_SAFE_INTEGER, modifiedS: 2 ** 40 },
        { name: bytes("c"), isFolder: true, size: 0, modifiedS: -(2 ** 40) },
      ],
      removed: [],
      isLast: true,
      more: 0xffff_ffff,
    });
  });

  it("has all its names anew after a reset", () => {
    const table = shown();
    const names = (prefix: string): object[] =>
      Array.from({ length: MAX_FOLDER_ENTRIES }, (_, at) => entry(`${prefix}${at}`));
    table.acceptChanged(change({ entries: names("a") }));
    table.seen(1);
    expect(codeOf(() => table.acceptChanged(change({ reset: true, entries: names("b") })))).toBe("accepted");
  });

  it("was shown, is one of so many, and is told of with sound names alone", () => {
    const table = shown();
    expect(codeOf(() => table.acceptChanged(change({ folder: 0 })))).toBe("unknown-folder");
    expect(codeOf(() => table.acceptChanged(change({ folder: 2 })))).toBe("unknown-folder");
    expect(codeOf(() => table.acceptChanged(change({ removed: [bytes("..")] })))).toBe("bad-path");
    for (let folder = 2; folder <= MAX_FOLDERS; folder += 1) expect(table.show(folder)).toBe(true);
    expect(table.show(MAX_FOLDERS + 1)).toBe(false);
    expect(codeOf(() => table.acceptChanged(change({ folder: MAX_FOLDERS + 1 })))).toBe("unknown-folder");
    table.hide(1);
    expect(table.show(MAX_FOLDERS + 1)).toBe(true);
  });

  it("never holds more than it may, whatever is said (property)", () => {
    const part = fc.record({
      reset: fc.boolean(),
      last: fc.boolean(),
      entries: fc.array(
        fc.string().map((name) => entry(name)),
        { maxLength: 4 },
      ),
      removed: fc.array(fc.string().map(bytes), { maxLength: 4 }),
      seen: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const table = shown();
        for (const { seen, ...fields } of parts) {
          const code = codeOf(() => table.acceptChanged(change(fields)));
          expect(["accepted", "wrong-state", "bad-path", "quota", "text-too-long"]).toContain(code);
          if (code !== "accepted") return;
          if (seen) table.seen(1);
        }
      }),
    );
  });
});

it("an act is answered once, with where the file is or why it is not done", () => {
  const table = new FoldersTable();
  for (const act of [1, 2]) table.act(act);
  const acted = (fields: object): WireMessageOf<"fileActed"> =>
    ({ act: 1, reason: 0, path: new Uint8Array(0), ...fields }) as WireMessageOf<"fileActed">;
  expect(codeOf(() => table.acceptActed(acted({})))).toBe("bad-path");
  expect(table.acceptActed(acted({ path: bytes("/a") }))).toEqual({ done: true, path: bytes("/a") });
  expect(codeOf(() => table.acceptActed(acted({ path: bytes("/a") })))).toBe("unknown-act");
  expect(table.acceptActed(acted({ act: 2, reason: FileReason.COLLISION }))).toEqual({
    done: false,
    reason: "collision",
  });
});

it("so many acts at most wait for their answer, which has a reason that there is", () => {
  const table = new FoldersTable();
  for (let act = 1; act <= MAX_FILE_ACTS; act += 1) expect(table.act(act)).toBe(true);
  expect(table.act(MAX_FILE_ACTS + 1)).toBe(false);
  const acted = (reason: number): WireMessageOf<"fileActed"> =>
    ({ act: 1, reason, path: new Uint8Array(0) }) as WireMessageOf<"fileActed">;
  for (const reason of [-1, FILE_REASONS.length + 1])
    expect(codeOf(() => table.acceptActed(acted(reason)))).toBe("number-out-of-range");
  expect(table.acceptActed(acted(FILE_REASONS.length))).toEqual({ done: false, reason: FILE_REASONS.at(-1) });
  expect(table.act(MAX_FILE_ACTS + 1)).toBe(true);
});
