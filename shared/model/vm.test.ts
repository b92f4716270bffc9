import { expect, it } from "vitest";
import { isIdleService } from "./vm.ts";

it("a service is among the VMs only while its VM is on, or in trouble", () => {
  const states = ["stopped", "starting", "running", "crashed"] as const;
  expect(states.map((state) => isIdleService({ role: "service", state }))).toEqual([true, false, false, false]);
  expect(isIdleService({ role: "app", state: "stopped" })).toBe(false);
});
