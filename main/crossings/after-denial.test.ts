import { beforeEach, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { AfterDenial } from "./after-denial.ts";

const HOME = "11111111-0000-4000-8000-000000000000" as VmId;
const WEB = "22222222-0000-4000-8000-000000000000" as VmId;

let elapsed: number;
let after: AfterDenial;
beforeEach(() => {
  elapsed = 0;
  after = new AfterDenial(() => elapsed);
});

function deny(times: number): number {
  for (let time = 0; time < times; time += 1) after.denied(HOME, "file.send");
  return after.secondsLeft(HOME, "file.send");
}

it("two denials change nothing, the third makes a pause, and each more a longer one, up to a quarter of an hour", () => {
  expect(deny(2)).toBe(0);
  expect(deny(1)).toBe(60);
  elapsed += 59_500;
  expect(after.secondsLeft(HOME, "file.send")).toBe(1);
  elapsed += 500;
  expect(after.secondsLeft(HOME, "file.send")).toBe(0);
  expect(deny(1)).toBe(120);
  expect(deny(1)).toBe(240);
  expect(deny(10)).toBe(900);
});

it("is for this VM and action alone", () => {
  deny(3);
  expect([after.secondsLeft(WEB, "file.send"), after.secondsLeft(HOME, "url.open")]).toEqual([0, 0]);
});

it("ends with an answer that allows", () => {
  deny(3);
  after.allowed(HOME, "file.send");
  expect(after.secondsLeft(HOME, "file.send")).toBe(0);
  expect(deny(2)).toBe(0);
});

it("is forgotten ten minutes after the end of the pause", () => {
  deny(3);
  elapsed += 60_000 + 600_000;
  expect(deny(1)).toBe(0);
});
