/** Where definitions of VMs come from. The files of a person are one source (registry.ts); each source owns its VMs alone. */
import type { VmId } from "#shared/model/vm.ts";
import type { VmDefinition } from "./definition.ts";

export interface DefinitionSource {
  readonly all: readonly VmDefinition[];
  /** Calls `changed` after `all` has changed by itself. Returns a function that ends it. */
  watch(changed: () => void): Promise<() => void>;
  /** Takes the VM's definition away for good. Rejects where the source keeps it. */
  remove(id: VmId): Promise<void>;
}
