import { expect, it } from "vitest";
import { isIdleService, narrowerNetwork, stateWords, type VmId, vmIdBeginning, type VmNetwork } from "./vm.ts";

it("a service is among the VMs only while its VM is on, or in trouble", () => {
  const states = ["stopped", "starting", "running", "crashed"] as const;
  expect(states.map((state) => isIdleService({ role: "service", state }))).toEqual([true, false, false, false]);
  expect(isIdleService({ role: "app", state: "stopped" })).toBe(false);
});

it.each([
  ["guest-panic", "“Shut down”", "it said: “'Shut down'”"],
  ["guest-panic", "", ""],
  ["machine-exited", "QEMU 9.2 has ended.", "QEMU 9.2 has ended"],
] as const)("why a VM is in its state, by %s with %j", (stateReason, stateDetail, words) => {
  expect(stateWords({ stateReason, stateDetail })).toBe(words);
});

it("the narrower of two networks is the one that reaches less", () => {
  const byReach: VmNetwork[] = ["none", "firewall", "direct"];
  for (const [less, one] of byReach.entries())
    for (const other of byReach.slice(less))
      expect([narrowerNetwork(one, other), narrowerNetwork(other, one)]).toEqual([one, one]);
});

it("an id begins with its first eight digits", () => {
  expect(vmIdBeginning("0123abcd-0000-4000-8000-000000000000" as VmId)).toBe("0123abcd");
});
