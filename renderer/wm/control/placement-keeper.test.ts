import { expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { Placements } from "#shared/ipc/layout.ts";
import type { VmId, VmState, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { createWmStore } from "../model/store.ts";
import { WindowMemory } from "./memory.ts";
import { PlacementKeeper } from "./placement-keeper.ts";

const HOME = "home" as VmId;
const KEPT: Placements = {
  windows: [
    {
      ...{ id: "home.1" as WindowId, vm: HOME, appId: "foot", free: { x: 11, y: 50, width: 600, height: 400 } },
      ...{ placement: "free", minimized: false, focused: true },
    },
  ],
  apps: [],
};
const status = (state: VmState, isInDoubt?: true): VmStatus => ({
  ...{ id: HOME, name: "home", label: "rose", template: "debian", driver: "qemu", state, isInDoubt },
  ...{ stateReason: null, role: "app", network: "none", windows: 0, uptimeS: null, accelerator: null },
  ...{ startPhase: null, origin: null, networkDetail: "", stateDetail: "" },
});

/** What the last report to main has after these lists of VMs. */
async function reported(...lists: VmStatus[][]): Promise<Placements["windows"]> {
  const report = vi.fn<(name: string, placements: Placements) => void>();
  const wm = createWmStore();
  const keeper = new PlacementKeeper({ report } as unknown as AtollBridge, wm, new WindowMemory(), KEPT);
  for (const list of lists) keeper.follow(list);
  wm.dispatch({ type: "workAreaChanged", workArea: { x: 0, y: 34, width: 1440, height: 866 } });
  await vi.waitFor(() => expect(report).toHaveBeenCalledOnce());
  return report.mock.lastCall?.[1].windows ?? [];
}

it("windows of a VM that has ended are forgotten", async () => {
  expect(await reported([status("running")])).toEqual(KEPT.windows);
  for (const state of ["stopped", "crashed"] as const) expect(await reported([status(state)])).toEqual([]);
});

it("windows of a VM that an earlier run may have left running are kept until it is known that it is off", async () => {
  const inDoubt = status("stopped", true);
  expect(await reported([inDoubt])).toEqual(KEPT.windows);
  expect(await reported([inDoubt], [status("starting")])).toEqual(KEPT.windows);
  expect(await reported([inDoubt], [status("stopped")])).toEqual([]);
});

it("windows are kept where no VM is known yet", async () => {
  expect(await reported([])).toEqual(KEPT.windows);
});
