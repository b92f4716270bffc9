/** What a VM is for, and what the first policy.yaml lets one of that role reach (docs/networks.md). */
import type { VmNetwork, VmRole, VmStatus } from "#shared/model/vm.ts";
import type { Shell } from "../shell/shell.ts";

export const PRESETS = [
  ["app", "Programs: the internet"],
  ["work", "Work: only what a rule names"],
  ["vault", "Vault: nothing"],
] as const satisfies readonly (readonly [VmRole, string])[];

export type PresetRole = (typeof PRESETS)[number][0];

/** It is defined by a file. */
export function hasChoiceOfPreset(vm: VmStatus): vm is VmStatus & { role: PresetRole } {
  return PRESETS.some(([role]) => role === vm.role);
}

/**
 * The network that goes with a role, where the VM's own would let it reach more: rules count behind the firewall alone.
 * null: it stays as it is. None is made wider.
 */
export function narrowedNetwork(role: PresetRole, network: VmNetwork | null): VmNetwork | null {
  if (network === null || role === "app") return null;
  if (role === "vault") return network === "none" ? null : "none";
  return network === "direct" ? "firewall" : null;
}

/** Says what it has done, with a way back. */
export async function choosePreset(
  { bridge, notices, send }: Pick<Shell, "bridge" | "notices" | "send">,
  vm: VmStatus & { role: PresetRole },
  role: PresetRole,
): Promise<void> {
  if (role === vm.role) return;
  const network = narrowedNetwork(role, vm.network);
  const answer = await bridge.request("vm.set", { vm: vm.id, role, ...(network !== null && { network }) });
  if (!answer.ok) return notices.show(answer.error.message);
  const before = { role: vm.role, ...(network !== null && vm.network !== null && { network: vm.network }) };
  notices.tell(wordsOf(vm.name, role, network), {
    isGood: true,
    action: { text: "Undo", run: () => send("vm.set", { vm: vm.id, ...before }) },
  });
}

const WHAT = { app: "for programs", work: "for work", vault: "a vault" } as const;
const NETWORK = { none: "it has no network", firewall: "it is behind the firewall", direct: "" } as const;

function wordsOf(name: string, role: PresetRole, network: VmNetwork | null): string {
  return `${name} is ${WHAT[role]} now${network === null ? "" : `, and ${NETWORK[network]}`}.`;
}
