import { expect, it } from "vitest";
import type { VmStatus } from "#shared/model/vm.ts";
import { factOf, machineOf } from "./facts.ts";

const vm = (change: Partial<VmStatus>): VmStatus =>
  ({ state: "running", stateReason: null, windows: 2, ...change }) as VmStatus;

it("a VM of which a window wants to be looked at needs the person, unless something is wrong with it", () => {
  expect(factOf(vm({}))).toEqual({ text: "2 windows", tone: "quiet" });
  expect(factOf(vm({}), true)).toEqual({ text: "needs you", tone: "wanting" });
  expect(factOf(vm({ stateReason: "agent-exited" }), true).tone).toBe("bad");
  expect(factOf(vm({ state: "paused" }), true).text).toBe("paused");
});

it("of a disposable its menu says what it began from", () => {
  const disposable = { template: "debian", network: "none", accelerator: "kvm", role: "disposable" } as const;
  expect(machineOf(vm({ ...disposable, origin: "fork" }))).toBe(
    "debian · no network · KVM · forked from a memory snapshot",
  );
  expect(machineOf(vm({ ...disposable, role: "app", origin: "cold" }))).toBe("debian · no network · KVM");
});
