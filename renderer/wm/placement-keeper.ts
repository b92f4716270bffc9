/** Keeps where windows are: tells main, a moment after the last change, so that a move is not written at each step. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { Placements } from "#shared/ipc/layout.ts";
import type { VmStatus } from "#shared/model/vm.ts";
import type { WindowMemory } from "./memory.ts";
import { wmStore } from "./store.ts";

const REST_MS = 120;

export class PlacementKeeper {
  readonly #bridge: AtollBridge;
  readonly #memory: WindowMemory;
  #isDue = false;

  /** `kept`: what was told when the desktop ended; call this before windows open. */
  constructor(bridge: AtollBridge, memory: WindowMemory, kept: Placements) {
    this.#bridge = bridge;
    this.#memory = memory;
    memory.load(kept);
    wmStore.subscribe((now, before) => {
      memory.changed(now, before);
      if (!this.#isDue) setTimeout(() => this.#tell(), REST_MS);
      this.#isDue = true;
    });
  }

  /** A VM that has ended does not bring its windows back. */
  follow(vms: readonly VmStatus[]): void {
    const alive = vms.filter(({ state }) => state !== "stopped" && state !== "crashed");
    this.#memory.keepOnly(new Set(alive.map(({ id }) => id)));
  }

  #tell(): void {
    this.#isDue = false;
    this.#bridge.report("placements.report", this.#memory.placements(wmStore.getState()));
  }
}
