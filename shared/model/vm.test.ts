import { expect, it } from "vitest";
import { isIdleService, stateWords } from "./vm.ts";

it("a service is among the VMs only while its VM is on, or in trouble", () => {
  const states = ["stopped", "starting", "running", "crashed"] as const;
  expect(states.map((state) => isIdleService({ role: "service", state }))).toEqual([true, false, false, false]);
  expect(isIdleService({ role: "app", state: "stopped" })).toBe(false);
});

it.each([
  ["guest-panic", "“Shut down”", "it said: “'Shut down'”"],
  ["guest-panic", "", ""],
  ["machine-exited", "QEMU has ended.", "QEMU has ended"],
] as const)("why a VM is in its state, by %s with %j", (stateReason, stateDetail, words) => {
  expect(stateWords({ stateReason, stateDetail })).toBe(words);
});
