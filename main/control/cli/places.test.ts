import { expect, it } from "vitest";
import { byteWords, contentSize, parsePlace } from "./places.ts";

it.each([
  ["home:/etc/hosts", { vm: "home", path: "/etc/hosts" }],
  ["home:notes", { vm: "home", path: "notes" }],
  ["home:", { vm: "home", path: "./" }],
  ["home:a:b", { vm: "home", path: "a:b" }],
  ["home:a\nb", { vm: "home", path: "a\nb" }],
  ["/etc/hosts", { vm: null, path: "/etc/hosts" }],
  ["./a:b", { vm: null, path: "./a:b" }],
  ["Home:a", { vm: null, path: "Home:a" }],
  ["-rf", { vm: null, path: "-rf" }],
])("%j is %j", (word, place) => {
  expect(parsePlace(word)).toEqual(place);
});

it("an empty word is no path", () => {
  expect(() => parsePlace("")).toThrow("no path");
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [9_960, "10 kB"],
  [1_234_567, "1.2 MB"],
  [999_600_000, "1.0 GB"],
  [5e15, "5000 TB"],
])("%d bytes are %s", (bytes, words) => {
  expect(byteWords(bytes)).toBe(words);
});

it.each([
  [{ bytes: 36, characters: 34 }, "34 characters"],
  [{ bytes: 2, characters: 1 }, "1 character"],
  [{ bytes: 0, characters: 0 }, "0 characters"],
  [{ bytes: 1_864, characters: null }, "1.9 kB"],
])("%j crosses as %s", (content, words) => {
  expect(contentSize(content)).toBe(words);
});
