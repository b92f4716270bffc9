/** A VM's state in a few words, as its chip shows it. Pure. */
import type { TemplateProgress } from "#shared/model/template.ts";
import type { MachineOrigin, StartPhase, VmNetwork, VmStateReason, VmStatus } from "#shared/model/vm.ts";

export type FactTone = "quiet" | "busy" | "wanting" | "bad";
export interface VmFact {
  text: string;
  tone: FactTone;
}

const PHASES: Readonly<Record<StartPhase, string>> = { machine: "starting", boot: "booting", agent: "almost there" };

const REASONS: Readonly<Record<VmStateReason, string>> = {
  "powered-off": "powered off",
  killed: "killed",
  "machine-exited": "machine ended",
  "guest-panic": "kernel panic",
  "protocol-violation": "cut off",
  "agent-lost": "agent lost",
  "agent-exited": "agent restarts",
  "no-space": "disk full",
  "disk-error": "disk error",
};

/** `isWanting`: a window of it asks for attention; `wantsPaste`: a program of it waits for the person to let it paste. */
export function factOf(vm: VmStatus, isWanting = false, wantsPaste = false): VmFact {
  const reason = vm.stateReason === null ? null : REASONS[vm.stateReason];
  switch (vm.state) {
    case "running":
      if (reason !== null) return { text: reason, tone: "bad" };
      if (wantsPaste) return { text: "wants to paste", tone: "wanting" };
      if (isWanting) return { text: "needs you", tone: "wanting" };
      if (vm.networkDetail !== "") return { text: "network waits", tone: "busy" };
      return {
        text: vm.windows === 0 ? "ready" : vm.windows === 1 ? "1 window" : `${vm.windows} windows`,
        tone: "quiet",
      };
    case "starting":
      return { text: vm.startPhase === null ? "starting" : PHASES[vm.startPhase], tone: "busy" };
    case "stopping":
      return { text: "stopping", tone: "busy" };
    case "paused":
      return reason === null ? { text: "paused", tone: "quiet" } : { text: reason, tone: "bad" };
    case "stopped":
      return { text: "stopped", tone: "quiet" };
    case "crashed":
      return { text: reason ?? "crashed", tone: "bad" };
    case "unresponsive":
      return { text: reason ?? "not responding", tone: "bad" };
  }
}

/** In place of its state while it waits for its template: it starts by itself when that is built. */
export function buildFact({ fraction }: TemplateProgress): VmFact {
  return { text: fraction === null ? "building" : `building ${Math.round(fraction * 100)} %`, tone: "busy" };
}

/** It does not run, so that it can be started. */
export function canStart(vm: VmStatus): boolean {
  return vm.state === "stopped" || vm.state === "crashed";
}

const ORIGINS: Readonly<Record<MachineOrigin, string>> = {
  fork: "forked from a memory snapshot",
  restored: "restored from a memory snapshot",
  cold: "booted",
};

const NETWORKS: Readonly<Record<VmNetwork, string>> = {
  none: "no network",
  firewall: "network behind the firewall",
  direct: "direct network, without the firewall",
};

function networkWords(network: VmNetwork, { via, forVm }: VmStatus): string {
  if (network !== "firewall") return NETWORKS[network];
  const words = via === undefined ? NETWORKS.firewall : `network by ${via}, behind the firewall`;
  return forVm === undefined ? words : `${words}, as of the VM that it is for`;
}

/** Template, network, accelerator and, of a disposable, what it began from: `debian · no network · emulated, without KVM`. */
export function machineOf(vm: VmStatus): string {
  return [
    vm.template ?? vm.driver,
    vm.network === null ? null : networkWords(vm.network, vm),
    vm.accelerator === null ? null : { kvm: "KVM", tcg: "emulated, without KVM" }[vm.accelerator],
    vm.role === "disposable" && vm.origin !== null ? ORIGINS[vm.origin] : null,
  ]
    .filter((part) => part !== null)
    .join(" · ");
}
