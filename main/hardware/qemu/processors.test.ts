import { expect, it } from "vitest";
import { defaultProcessors } from "./processors.ts";

it("a VM has as many processors as its template says", () => {
  expect(defaultProcessors(2, "kvm", 2)).toBe(2);
  expect(defaultProcessors(2, "tcg", 8)).toBe(2);
});

it("an emulated VM has half of the host's cores at most, and one at least", () => {
  expect(defaultProcessors(2, "tcg", 2)).toBe(1);
  expect(defaultProcessors(4, "tcg", 5)).toBe(2);
  expect(defaultProcessors(2, "tcg", 1)).toBe(1);
});
