import { describe, expect, it } from "vitest";
import type { Placements } from "#shared/ipc/layout.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, WindowId } from "#shared/model/window.ts";
import { MAX_WINDOWS } from "#shared/protocol/limits.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { WindowMemory } from "./memory.ts";
import { reduce } from "../model/reducer.ts";
import { EMPTY, type WmAction, type WmState } from "../model/state.ts";
import { firstConfigureRequest } from "../model/configure-request.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
const WORK_AREA = { x: 0, y: 34, width: 1440, height: 866 };
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const guest = (n: number, appId = "foot"): GuestWindow => guestWindow(n, { appId });

/** A desktop that remembers. */
class Desktop {
  readonly memory = new WindowMemory();
  state: WmState = { ...EMPTY, workArea: WORK_AREA };

  do(...actions: WmAction[]): this {
    for (const action of actions) {
      const before = this.state;
      this.state = reduce(before, action);
      this.memory.changed(this.state, before);
    }
    return this;
  }

  open(n: number, vm = HOME, appId = "foot"): this {
    const remembered = this.memory.recall(idOf(n), vm, guest(n, appId));
    const first = firstConfigureRequest(guest(n, appId), WORK_AREA, remembered);
    const size = first.width === 0 ? { width: 600, height: 400 } : first;
    return this.do(
      { type: "opened", id: idOf(n), vm, guest: guest(n, appId) },
      { type: "mapped", id: idOf(n), size, takesFocus: remembered?.back?.wasFocused ?? true, remembered },
    );
  }

  /** The link of `home` is lost, and the windows go that it left behind. */
  loseHome(...meanwhile: WmAction[]): this {
    const freeze: WmAction = { type: "freeze", vm: HOME, frozen: { reason: "agent-lost", detail: "" } };
    return this.do(freeze, ...meanwhile, { type: "vmGone", vm: HOME });
  }

  /** What JSON makes of it, as the file has it. */
  kept(): Placements {
    return JSON.parse(JSON.stringify(this.memory.placements(this.state))) as Placements;
  }
}

const resizeByHand = (n: number, width: number, height: number): WmAction[] => [
  {
    type: "hold",
    id: idOf(n),
    held: { kind: "resize", edges: { top: false, left: false, bottom: true, right: true } },
  },
  { type: "sized", id: idOf(n), size: { width, height }, isAnswer: true },
  { type: "hold", id: idOf(n), held: null },
];

describe("windows that come back", () => {
  it("are as many of a VM as it can have, those that were lost last: it loses its link as often as it likes", () => {
    const desktop = new Desktop().open(1, WEB);
    const last = MAX_WINDOWS + 40;
    for (let n = 2; n <= last; n += 1) desktop.open(n).loseHome();
    const kept = desktop.kept().windows.map(({ id }) => id);
    expect(kept.filter((id) => id !== idOf(1))).toEqual(
      Array.from({ length: MAX_WINDOWS }, (_, at) => idOf(last - MAX_WINDOWS + 1 + at)),
    );
    expect(kept).toContain(idOf(1));
  });

  it("have their places, sizes, states, levels and focus, in whatever order they come", () => {
    const before = new Desktop().open(1).open(2).open(3, WEB).open(4, WEB);
    before.do(
      { type: "moveTo", id: idOf(1), x: 111, y: 222 },
      ...resizeByHand(2, 700, 500),
      { type: "minimize", id: idOf(3) },
      { type: "place", id: idOf(4), placement: "left" },
      { type: "sized", id: idOf(4), size: { width: 718, height: 829 }, isAnswer: true },
      { type: "focus", id: idOf(1) },
    );
    const after = new Desktop();
    after.memory.load(before.kept());
    after.open(4, WEB).open(3, WEB).open(2).open(1);
    expect(after.state.stack).toEqual(before.state.stack);
    expect(after.state.focused).toBe(idOf(1));
    for (const id of after.state.stack) {
      const [was, is] = [before.state.windows[id], after.state.windows[id]];
      const facts = (window: typeof was) => ({ ...window, isPlacedByHand: null, isSizedByHand: null });
      expect(facts(is)).toEqual(facts(was));
    }
    expect(after.kept()).toEqual(before.kept());
  });

  it("come back once: what was closed since is forgotten", () => {
    const before = new Desktop().open(1);
    const after = new Desktop();
    after.memory.load(before.kept());
    after.open(1).do({ type: "closed", id: idOf(1) });
    expect(after.kept().windows).toEqual([]);
    expect(after.memory.recall(idOf(1), HOME, guest(1))?.back ?? null).toBeNull();
  });

  it("wait for VMs that are slow, and not for those that have ended, nor for another program", () => {
    const before = new Desktop().open(1).open(2, WEB);
    const after = new Desktop();
    after.memory.load(before.kept());
    after.open(1);
    expect(after.kept().windows.map(({ id }) => id)).toEqual([idOf(2), idOf(1)]);
    expect(after.memory.recall(idOf(2), WEB, guest(2, "xterm"))).toBeNull();
    expect(after.memory.recall(idOf(2), HOME, guest(2))).toBeNull();
    after.memory.keepOnly(new Set([HOME]));
    expect(after.memory.recall(idOf(2), WEB, guest(2))).toBeNull();
  });

  it("do so after their VM's link was lost and is back", () => {
    const desktop = new Desktop().open(1).do({ type: "moveTo", id: idOf(1), x: 333, y: 222 });
    desktop.loseHome().open(1);
    expect(desktop.state.windows[idOf(1)]?.free).toMatchObject({ x: 333, y: 222 });
    expect(desktop.state.windows[idOf(1)]?.needsAttention).toBe(false);
  });
});

describe("a window that is back after its link was lost", () => {
  const isFocused = (desktop: Desktop): boolean => desktop.open(1).state.focused === idOf(1);

  it("has focus again if no other window was chosen meanwhile", () => {
    expect(isFocused(new Desktop().open(2, WEB).open(1).loseHome())).toBe(true);
    expect(
      isFocused(
        new Desktop()
          .open(2, WEB)
          .open(1)
          .loseHome({ type: "focus", id: idOf(2) }),
      ),
    ).toBe(false);
    expect(
      isFocused(
        new Desktop()
          .open(2, WEB)
          .open(1)
          .loseHome({ type: "minimize", id: idOf(1) }),
      ),
    ).toBe(false);
    const chosenAfter = new Desktop().open(3, WEB).open(2, WEB).do({ type: "used" }).open(1).loseHome();
    expect(chosenAfter.state.focused).toBe(idOf(2));
    expect(isFocused(chosenAfter.do({ type: "focus", id: idOf(3) }))).toBe(false);
  });

  it("is where a person has put the frozen window", () => {
    const desktop = new Desktop()
      .open(1)
      .loseHome({ type: "moveTo", id: idOf(1), x: 333, y: 222 })
      .open(1);
    expect(desktop.state.windows[idOf(1)]?.free).toMatchObject({ x: 333, y: 222 });
  });
});

describe("a new window", () => {
  it("opens where a person put the last one of its application, of this VM alone", () => {
    const desktop = new Desktop().open(1).do({ type: "moveTo", id: idOf(1), x: 333, y: 222 });
    desktop.do({ type: "closed", id: idOf(1) });
    expect(desktop.memory.recall(idOf(9), WEB, guest(9))).toBeNull();
    desktop.open(5);
    expect(desktop.state.windows[idOf(5)]?.free).toEqual({ x: 333, y: 222, width: 600, height: 400 });
    // Not on top of it, though.
    desktop.open(6);
    expect(desktop.state.windows[idOf(6)]?.free).not.toEqual(desktop.state.windows[idOf(5)]?.free);
  });

  it("is asked for the last one's size if a person gave it that", () => {
    const desktop = new Desktop().open(1).do(...resizeByHand(1, 700, 500), { type: "closed", id: idOf(1) });
    const after = new Desktop();
    after.memory.load(desktop.kept());
    after.open(5);
    expect(after.state.windows[idOf(5)]?.free).toMatchObject({ width: 700, height: 500 });
  });

  it("has its program's size and a free place where no person has chosen them", () => {
    const desktop = new Desktop()
      .open(1)
      .do({ type: "sized", id: idOf(1), size: { width: 9, height: 9 }, isAnswer: true });
    expect(desktop.kept().apps).toEqual([]);
    expect(firstConfigureRequest(guest(2), WORK_AREA, desktop.memory.recall(idOf(2), HOME, guest(2)))).toMatchObject({
      width: 0,
    });
  });
});
