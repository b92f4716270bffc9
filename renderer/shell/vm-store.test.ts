import { beforeEach, expect, it } from "vitest";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { createVmStore } from "./vm-store.ts";

const status = (name: string, change: Partial<VmStatus> = {}): VmStatus => ({
  id: name as VmId,
  name,
  label: "lagoon",
  template: "debian",
  driver: "qemu",
  state: "running",
  stateReason: null,
  role: "app",
  network: "none",
  windows: 1,
  uptimeS: 5,
  accelerator: "kvm",
  startPhase: null,
  origin: null,
  networkDetail: "",
  stateDetail: "",
  ...change,
});
const store = createVmStore();
const list = (): readonly VmStatus[] => store.getState().vms;

beforeEach(() => store.take([status("home"), status("web")]));

it("what main reports again stays the same object, however long the VMs run meanwhile", () => {
  const before = list();
  store.take([status("home", { uptimeS: 6 }), status("web", { uptimeS: 6 })]);
  expect(list()).toBe(before);
});

it("only a VM that has changed is another object", () => {
  const [home, web] = list();
  store.take([status("home"), status("web", { windows: 2 })]);
  expect(list()[0]).toBe(home);
  expect(list()[1]).not.toBe(web);
  expect(list()[1]?.windows).toBe(2);
});

it("VMs come and go", () => {
  const [, web] = list();
  store.take([status("web")]);
  expect(list()).toEqual([web]);
  expect(list()[0]).toBe(web);
  store.take([]);
  expect(list()).toEqual([]);
});
