import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../testing/outcome.ts";
import { FileReason } from "./gen/atoll_pb.ts";
import { FoldersTable } from "./folders.ts";
import type { WireMessageOf } from "./header.ts";
import { MAX_FOLDER_ENTRIES } from "./limits.ts";

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

  it("has so many files at most, however they come", () => {
    const names = Array.from({ length: MAX_FOLDER_ENTRIES }, (_, at) => `${at}`);
    const table = shown();
    table.acceptChanged(change({ entries: names.map((name) => entry(name)) }));
    table.seen(1);
    table.acceptChanged(change({ removed: [bytes("0")], entries: [entry("new")] }));
    table.seen(1);
    expect(codeOf(() => table.acceptChanged(change({ entries: [entry("one more")] })))).toBe("quota");
  });

  it("is heard no more when it is hidden, and still has to be sound", () => {
    const table = shown();
    expect([table.hide(1), table.hide(1)]).toEqual([true, false]);
    expect(table.acceptChanged(change({ entries: [entry("a")] }))).toBeNull();
    expect(codeOf(() => table.acceptChanged(change({ entries: [entry("a/b")] })))).toBe("bad-path");
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
