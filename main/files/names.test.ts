import { expect, it } from "vitest";
import { MAX_PREVIEW_CHARACTERS } from "#shared/model/crossing.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { nameOf, pathText, previewText } from "./names.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (path: string, kind: ListedFile["kind"] = "file"): ListedFile => ({
  index: 0,
  kind,
  path: bytes(path),
  size: 1,
  executable: false,
  modifiedS: 0,
  reason: null,
});

it.each([
  ["/home/user/a b.txt", "a b.txt"],
  ["a/", "a"],
  ["-rf", "-rf"],
  ["a\nb", "a b"],
  ["gnp.\u202eexe", "gnp.exe"],
])("the name of %j is %j", (path, name) => {
  expect(nameOf(bytes(path))).toBe(name);
});

it("what is no UTF-8 is shown all the same", () => {
  expect(pathText(Uint8Array.of(0x61, 0xff))).toBe("a\ufffd");
});

it("a preview has a line for each, hidden characters escaped, and says how many more there are", () => {
  expect(previewText([file("a\nb"), file("c", "folder")])).toBe("a\\u{a}b\nc/");
  const many = previewText(Array.from({ length: 5_000 }, (_, at) => file(`file-${at}`)));
  expect(many.length).toBeLessThanOrEqual(MAX_PREVIEW_CHARACTERS);
  expect(many).toMatch(/^file-0\nfile-1\n.*\nand \d+ more$/s);
});
