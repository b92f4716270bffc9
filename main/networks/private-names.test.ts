import { expect, it } from "vitest";
import { namesIn } from "./private-names.ts";

it("takes names and all below a name, and nothing else", () => {
  const list = ["NAS.home.", " *.corp ", "10.0.0.1", "10.0.0.0/8", "a.example:443", "*", "", "a b"];
  expect(namesIn(list)).toEqual(["nas.home", "*.corp"]);
});
