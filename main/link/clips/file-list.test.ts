import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FileListFilter, MAX_FILE_LIST_BYTES } from "./file-list-filter.ts";
import { addressList, fileManagersList, isOfFiles, parseFileList } from "./file-list.ts";

/** The paths, or why there are none. */
const parsed = (list: string): string[] | string => {
  const result = parseFileList(list);
  return result.ok ? result.paths.map((path) => Buffer.from(path).toString("latin1")) : result.by;
};

describe("a list of copied files", () => {
  it.each([
    ["copy\nfile:///a%20b\nfile:///c", ["/a b", "/c"]],
    ["cut\nfile://localhost/a\n", ["/a"]],
    ["file:///a\r\nfile:/b\r\n", ["/a", "/b"]],
    ["copy\nfile:///a\nfile:///b\n\0", ["/a", "/b"]],
    ["copy\nfile:///a\0\0", "content"],
    ["copy\nfile:///a\0\nfile:///b", "content"],
    ["\0", "content"],
    ["copy\nfile:///%FF%", ["/\u00ff%"]],
    ["copy\nfile:///ç", ["/\u00c3\u00a7"]],
    ["copy", "content"],
    ["", "content"],
    ["copy\n", "content"],
    ["copy\n\nfile:///a", "content"],
    ["move\nfile:///a", "content"],
    ["copy\nfile://host/a", "content"],
    ["copy\nhttp://a/b", "content"],
    ["copy\n/a", "content"],
    ["copy\nfile:///a?b", "content"],
    ["copy\nfile:///a%00b", "content"],
  ])("%j", (list, paths) => {
    expect(parsed(list)).toEqual(paths);
  });

  test("a list of addresses is one of files where the first one is a file's", () => {
    for (const list of ["file:///a\r\n", "FILE:/a"]) expect(isOfFiles(list)).toBe(true);
    for (const list of ["", "https://example.org/\r\nfile:///a", "copy\nfile:///a"])
      expect(isOfFiles(list)).toBe(false);
  });

  test("a list, a path or a name that is too long is none", () => {
    expect(parsed(`copy\n${"file:///a\n".repeat(1024)}`)).toHaveLength(1024);
    expect(parsed(`copy\n${"file:///a\n".repeat(1025)}`)).toBe("size");
    expect(parsed(`copy\nfile:///${"a".repeat(4095)}`)).toEqual([`/${"a".repeat(4095)}`]);
    expect(parsed(`copy\nfile:///${"a".repeat(4096)}`)).toBe("content");
  });

  test("a byte that is no letter of an address is written as other programs write it", () => {
    expect(Buffer.from(fileManagersList([Buffer.from("/ç?")])).toString()).toBe("cut\nfile:///%C3%A7%3F");
  });

  test("what is written is read again, whatever the names are", () => {
    const path = fc
      .uint8Array({ minLength: 1, maxLength: 60 })
      .map((bytes) => Buffer.from([0x2f, ...bytes.filter(Boolean)]));
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 20 }), (paths) => {
        for (const list of [fileManagersList(paths), addressList(paths)])
          expect(parseFileList(Buffer.from(list).toString())).toEqual({ ok: true, paths });
      }),
    );
  });

  test("any text is a list or none", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const result = parseFileList(`copy\n${text}`);
        for (const path of result.ok ? result.paths : []) {
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
    expect(of("cut", "\nfile:///a".repeat(1025))).toEqual({ ok: false, by: "size" });
  });

  it("has a bound", () => {
    const filter = new FileListFilter();
    expect(filter.push(Buffer.alloc(MAX_FILE_LIST_BYTES)).ok).toBe(true);
    expect(filter.push(Buffer.alloc(1))).toEqual({ ok: false, by: "size" });
  });
});
