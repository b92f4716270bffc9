/** The definitions of disposables: in memory alone, so that the next run of the application knows none of them. */
import type { VmId } from "#shared/model/vm.ts";
import type { VmDefinition } from "../vms/definition.ts";
import type { DefinitionSource } from "../vms/definition-source.ts";

export class DisposableSource implements DefinitionSource {
  readonly #definitions = new Map<VmId, VmDefinition>();
  #changed: () => void = () => undefined;

  get all(): VmDefinition[] {
    return [...this.#definitions.values()];
  }

  add(definition: VmDefinition): void {
    this.#definitions.set(definition.id, definition);
    this.#changed();
  }

  watch(changed: () => void): Promise<() => void> {
    this.#changed = changed;
    return Promise.resolve(() => {
      this.#changed = () => undefined;
    });
  }

  remove(id: VmId): Promise<void> {
    this.#definitions.delete(id);
    return Promise.resolve();
  }
}
