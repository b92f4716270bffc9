import { describe, expect, it } from "vitest";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { frozenWords } from "./frozen-words.ts";

const vm: VmStatus = {
  id: "d491bec3-7ebb-41cf-b75d-5ea6dc8cdc9b" as VmId,
  name: "web",
  label: "coral",
  template: "debian",
  driver: "qemu",
  state: "running",
  stateReason: null,
  role: "app",
  network: "none",
  windows: 1,
  uptimeS: 9,
  accelerator: "tcg",
  startPhase: null,
  origin: null,
  networkDetail: "",
  stateDetail: "",
};
const lost = { reason: "agent-lost", detail: "no heartbeat for 12 s" } as const;

describe("over a frozen window", () => {
  it("a protocol violation is named, whatever the VM's state is since", () => {
    const violation = { reason: "protocol-violation", detail: "quota: 257 windows" } as const;
    expect(frozenWords(violation, { ...vm, state: "crashed", stateReason: "killed" })).toEqual({
      title: "Cut off: “web” broke the protocol",
      detail: "quota: 257 windows",
    });
  });

  it("a VM that has ended is the cause, with its own words", () => {
    const ended: VmStatus = {
      ...vm,
      state: "crashed",
      stateReason: "guest-panic",
      stateDetail: "Attempted to kill init",
    };
    expect(frozenWords(lost, ended)).toEqual({
      title: "“web” has ended: its kernel panicked",
      detail: "Attempted to kill init",
      isGuests: true,
    });
    expect(frozenWords(lost, { ...ended, stateReason: "machine-exited" }).isGuests).toBeUndefined();
  });

  it("a protocol violation that the page has not heard of is in its VM's state", () => {
    const violation: VmStatus = {
      ...vm,
      state: "unresponsive",
      stateReason: "protocol-violation",
      stateDetail: "limit.windows: more than 256",
    };
    expect(frozenWords(lost, violation)).toEqual({
      title: "Cut off: “web” broke the protocol",
      detail: "limit.windows: more than 256",
    });
  });

  it("else it is the connection", () => {
    expect(frozenWords(lost, vm)).toEqual({
      title: "The connection to “web” is lost",
      detail: "no heartbeat for 12 s",
    });
    expect(frozenWords(lost, undefined).title).toBe("The connection to this VM is lost");
  });
});
