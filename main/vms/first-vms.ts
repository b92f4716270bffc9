/**
 * The VMs of the very first start; they start with the desktop from then on. They are behind the firewall, where the policy's
 * preset for their role says what they reach.
 */
import type { LabelName } from "#shared/model/label.ts";
import { DEFAULT_TEMPLATE } from "#shared/model/vm.ts";
import type { Drivers } from "../hardware/drivers.ts";
import { newDefinition, type VmDefinition } from "./definition.ts";

const FIRST_VMS: readonly { name: string; label: LabelName; template: string }[] = [
  { name: "home", label: "lagoon", template: DEFAULT_TEMPLATE },
  { name: "web", label: "coral", template: "debian-web" },
];

export function firstVms(drivers: Pick<Drivers, "define">): VmDefinition[] {
  return FIRST_VMS.map(({ name, label, template }) => ({
    ...newDefinition(name, { label }, drivers.define({ template, network: "firewall" })),
    autostart: true,
  }));
}
