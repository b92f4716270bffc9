import { describe, expect, it } from "vitest";
import { codeOf } from "../testing/outcome.ts";
import { MAX_FILE_NAME_BYTES, MAX_FILE_PATH_BYTES } from "./limits.ts";
import { absolutePath, digest, fileName, relativePath } from "./paths.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const outcomeOf = (parse: (untrusted: Uint8Array, what: string) => Uint8Array, untrusted: Uint8Array): string =>
  codeOf(() => expect(parse(untrusted, "it")).toEqual(untrusted));

describe("a path of a guest", () => {
  it.each([
    ["absolute", "/", absolutePath],
    ["absolute", "/a/../b", absolutePath],
    ["relative", "a", relativePath],
    ["relative", "a/b c/d", relativePath],
    ["relative", ".a/..b/a./...", relativePath],
    ["name", "..a", fileName],
  ] as const)("is accepted as it came: %s, %j", (_what, text, parse) => {
    expect(outcomeOf(parse, bytes(text))).toBe("accepted");
  });

  it.each([
    ["absolute", "", absolutePath],
    ["absolute", "a/b", absolutePath],
    ["absolute", "/a\0b", absolutePath],
    ["relative", "", relativePath],
    ["relative", "a\0", relativePath],
    ["relative", "/a", relativePath],
    ["relative", "a/", relativePath],
    ["relative", "a//b", relativePath],
    ["relative", ".", relativePath],
    ["relative", "./a", relativePath],
    ["relative", "a/..", relativePath],
    ["relative", "a/../b", relativePath],
    ["name", "", fileName],
    ["name", "..", fileName],
    ["name", "a/b", fileName],
    ["name", "a\0", fileName],
  ] as const)("is refused as none: %s, %j", (_what, text, parse) => {
    expect(outcomeOf(parse, bytes(text))).toBe("bad-path");
  });

  it("need not be UTF-8", () => {
    expect(outcomeOf(relativePath, Uint8Array.of(0xff, 0x2f, 0xc3))).toBe("accepted");
  });

  it.each([
    ["an absolute path", absolutePath, MAX_FILE_PATH_BYTES],
    ["a path", relativePath, MAX_FILE_PATH_BYTES],
    ["a name", fileName, MAX_FILE_NAME_BYTES],
  ] as const)("is as long as it may be: %s", (_what, parse, most) => {
    const long = (length: number): Uint8Array =>
      bytes("a".repeat(length)).fill(0x2f, 0, parse === absolutePath ? 1 : 0);
    expect(outcomeOf(parse, long(most))).toBe("accepted");
    expect(outcomeOf(parse, long(most + 1))).toBe("text-too-long");
  });
});

describe("a digest", () => {
  it.each([
    [32, false, "accepted"],
    [32, true, "accepted"],
    [0, true, "accepted"],
    [0, false, "number-out-of-range"],
    [1, true, "number-out-of-range"],
    [31, false, "number-out-of-range"],
    [33, true, "number-out-of-range"],
  ])("of %i bytes, left out or not: %s", (length, isOptional, outcome) => {
    expect(codeOf(() => digest(new Uint8Array(length), isOptional, "it"))).toBe(outcome);
  });
});
