/** Has main keep where windows are, for the next start: at most one report per REPORT_INTERVAL_MS, not one per step of a move. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { Placements } from "#shared/ipc/layout.ts";
import type { VmStatus } from "#shared/model/vm.ts";
import type { WindowMemory } from "./memory.ts";
import type { WmStore } from "../model/store.ts";

const REPORT_INTERVAL_MS = 120;

export class PlacementKeeper {
  readonly #bridge: AtollBridge;
  readonly #wm: WmStore;
  readonly #memory: WindowMemory;
  #isDue = false;

  /** `kept`: the last report of the desktop before; create this before windows open. */
  constructor(bridge: AtollBridge, wm: WmStore, memory: WindowMemory, kept: Placements) {
    this.#bridge = bridge;
    this.#wm = wm;
    this.#memory = memory;
    memory.load(kept);
    wm.subscribe((now, before) => {
      memory.changed(now, before);
      if (!this.#isDue) setTimeout(() => this.#report(), REPORT_INTERVAL_MS);
      this.#isDue = true;
    });
  }

  /** Windows of a VM that has ended do not come back. Those of one that may run still do, and of all where no VM is known yet. */
  follow(vms: readonly VmStatus[]): void {
    if (vms.length === 0) return;
    const alive = vms.filter(
      ({ state, isInDoubt }) => isInDoubt === true || (state !== "stopped" && state !== "crashed"),
    );
    this.#memory.keepOnly(new Set(alive.map(({ id }) => id)));
  }

  #report(): void {
    this.#isDue = false;
    this.#bridge.report("placements.report", this.#memory.placements(this.#wm.getState()));
  }
}
