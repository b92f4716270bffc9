/** The VMs of the very first start; they start with the desktop from then on. */
import { newDefinition, type VmDefinition } from "./definition.ts";

export function firstVms(): VmDefinition[] {
  return [newDefinition("home", "lagoon", "debian"), newDefinition("web", "coral", "debian")].map((definition) => ({
    ...definition,
    autostart: true,
  }));
}
