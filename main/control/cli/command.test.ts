import { expect, it } from "vitest";
import { integer, withJsonLast, withWaits } from "./command.ts";

it.each([
  ["vm start home", "vm start home"],
  ["vm start home --wait", "vm start home --wait=120"],
  ["vm start --wait home", "vm start --wait=120 home"],
  ["vm start --wait 5 home", "vm start --wait=5 home"],
  ["vm start --wait=5 home", "vm start --wait=5 home"],
  ["run --wait-window home foot", "run --wait-window=60 home foot"],
  ["run --wait-window 1.5 home foot", "run --wait-window=1.5 home foot"],
  ["run home -- sleep --wait 5", "run home -- sleep --wait 5"],
  ["vm start --wait --", "vm start --wait=120 --"],
])("atoll %s is read as %s", (words, read) => {
  expect(withWaits(words.split(" "))).toEqual(read.split(" "));
});

it.each([
  ["vm list", "vm list"],
  ["--json vm list", "vm list --json"],
  ["disposable --json start -- foot --json", "disposable start --json -- foot --json"],
  ["run home --json -- foot", "run home --json -- foot"],
  ["run home -- foot --json", "run home -- foot --json"],
])("atoll %s is read as %s, wherever --json stands", (words, read) => {
  expect(withJsonLast(words.split(" "))).toEqual(read.split(" "));
});

it("a place is a whole number, also a negative one", () => {
  expect(integer("-7")).toBe(-7);
  for (const text of ["1.5", "x", "1e400"])
    expect(() => integer(text)).toThrow(expect.objectContaining({ code: "usage.bad-argument" }) as Error);
});

it("of open --wait takes no seconds, and nothing after it", () => {
  expect(withWaits(["open", "--wait", "12"])).toEqual(["open", "--wait", "12"]);
  expect(withWaits(["--json", "open", "--wait", "--", "-rf"])).toEqual(["--json", "open", "--wait", "--", "-rf"]);
});
