import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FileListFilter, MAX_FILE_LIST_BYTES } from "./file-list-filter.ts";
import { addressList, fileManagersList, parseFileList } from "./file-list.ts";

const parsed = (list: string): string[] | null =>
  parseFileList(list)?.map((path) => Buffer.from(path).toString("latin1")) ?? null;

describe("a list of copied files", () => {
  it.each([
    ["copy\nfile:///a%20b\nfile:///c", ["/a b", "/c"]],
    ["cut\nfile://localhost/a\n", ["/a"]],
    ["file:///a\r\nfile:/b\r\n", ["/a", "/b"]],
    ["copy\nfile:///a\nfile:///b\n\0", ["/a", "/b"]],
    ["copy\nfile:///a\0\0", null],
    ["copy\nfile:///a\0\nfile:///b", null],
    ["\0", null],
    ["copy\nfile:///%FF%", ["/\u00ff%"]],
    ["copy\nfile:///ç", ["/\u00c3\u00a7"]],
    ["copy", null],
    ["", null],
    ["copy\n", null],
    ["copy\n\nfile:///a", null],
    ["move\nfile:///a", null],
    ["copy\nfile://host/a", null],
    ["copy\nhttp://a/b", null],
    ["copy\n/a", null],
    ["copy\nfile:///a?b", null],
    ["copy\nfile:///a%00b", null],
  ])("%j", (list, paths) => {
    expect(parsed(list)).toEqual(paths);
  });

  test("a list, a path or a name that is too long is none", () => {
    expect(parsed(`copy\n${"file:///a\n".repeat(1024)}`)).toHaveLength(1024);
    expect(parsed(`copy\n${"file:///a\n".repeat(1025)}`)).toBeNull();
    expect(parsed(`copy\nfile:///${"a".repeat(4096)}`)).toBeNull();
  });

  test("what is written is read again, whatever the names are", () => {
    const path = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((bytes) => Buffer.from([0x2f, ...bytes.filter(Boolean)]));
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 20 }), (paths) => {
        for (const list of [fileManagersList(paths), addressList(paths)])
          expect(parseFileList(Buffer.from(list).toString())).toEqual(paths);
      }),
    );
  });

  test("any text is a list or none", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        for (const path of parseFileList(`copy\n${text}`) ?? []) {
          expect(path[0]).toBe(0x2f);
          expect(path.includes(0)).toBe(false);
        }
      }),
    );
  });
});

describe("its filter", () => {
  it("lets such a list pass as a whole, and nothing else", () => {
    const of = (...parts: string[]) => {
      const filter = new FileListFilter();
      const passed = parts.map((part) => filter.push(Buffer.from(part)));
      expect(passed.every((result) => result.ok && result.bytes.length === 0)).toBe(true);
      return filter.end();
    };
    expect(of("cut\nfile:", "///a")).toEqual({ ok: true, bytes: Buffer.from("cut\nfile:///a") });
    expect(of("secret text")).toEqual({ ok: false, by: "content" });
    expect(of("cut\nfile:///a\nsecret text")).toEqual({ ok: false, by: "content" });
  });

  it("has a bound", () => {
    const filter = new FileListFilter();
    expect(filter.push(Buffer.alloc(MAX_FILE_LIST_BYTES)).ok).toBe(true);
    expect(filter.push(Buffer.alloc(1))).toEqual({ ok: false, by: "size" });
  });
});
