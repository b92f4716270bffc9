import { expect, it } from "vitest";
import { ChosenFiles } from "./chosen-files.ts";

it("gives files out once, for their word alone, and forgets the oldest", () => {
  const chosen = new ChosenFiles();
  const [a, b] = [chosen.add(["/a"]), chosen.add(["/b", "/c"])];
  expect(chosen.take(b)).toEqual(["/b", "/c"]);
  for (const word of [b, "/a", ""]) expect(() => chosen.take(word)).toThrow(/choose them again/);
  for (let count = 0; count < 32; count += 1) chosen.add([]);
  expect(() => chosen.take(a)).toThrow(/choose them again/);
});
