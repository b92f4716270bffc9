import { expect, it } from "vitest";
import { byteWords, parsePlace } from "./places.ts";

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
