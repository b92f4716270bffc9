/**
 * Where windows were. One that comes back (the desktop was started anew, or its VM's link was lost) gets its place, state
 * and level again; a new one opens where a person last put a window of its application. Knows no page and no main: it is
 * given what was kept, and gives what is to be kept.
 */
import type { Placements } from "#shared/ipc/layout.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, WindowId } from "#shared/model/window.ts";
import type { DesktopWindow, Remembered, WmState } from "./state.ts";

type KeptWindow = Placements["windows"][number];
type KeptApp = Placements["apps"][number];

/** Applications that are remembered; the one that was put somewhere longest ago is forgotten first. */
const MAX_APPS = 200;

export class WindowMemory {
  /** Windows that may come back, bottom to top. */
  #awaited: KeptWindow[] = [];
  /** Of those, the ones that are back. */
  readonly #back = new Set<WindowId>();
  readonly #apps = new Map<string, KeptApp>();

  /** What was kept when the desktop ended. */
  load({ windows, apps }: Placements): void {
    this.#awaited = windows;
    for (const app of apps) this.#apps.set(keyOf(app.vm, app.appId), app);
  }

  /** These VMs run on: their windows may come back. Those of all others are gone for good. */
  keepOnly(vms: ReadonlySet<VmId>): void {
    this.#awaited = this.#awaited.filter(({ vm }) => vms.has(vm));
  }

  /** What is known of a window that opens. */
  recall(id: WindowId, vm: VmId, guest: GuestWindow): Remembered | null {
    const level = this.#awaited.findIndex((kept) => kept.id === id && kept.vm === vm && kept.appId === guest.appId);
    const kept = this.#awaited[level];
    if (kept !== undefined && !this.#back.has(id)) {
      this.#back.add(id);
      const below = new Set(this.#awaited.slice(0, level).map((other) => other.id));
      return {
        free: kept.free,
        placement: kept.placement,
        isMinimized: kept.minimized,
        keepsSize: true,
        back: { above: [...below], wasFocused: kept.focused },
      };
    }
    const app = guest.appId === "" || guest.parent !== null ? undefined : this.#apps.get(keyOf(vm, guest.appId));
    if (app === undefined) return null;
    return { free: app.free, placement: "free", isMinimized: false, keepsSize: app.keepsSize, back: null };
  }

  /** What has changed: windows that were put somewhere, and those that froze, which may come back. */
  changed(now: WmState, before: WmState): void {
    // Another window was chosen instead of the focused one (which did not just close): nobody waits for that any more.
    const isTurned = before.focused !== null && now.focused !== before.focused && before.focused in now.windows;
    if (isTurned) this.#awaited = this.#awaited.map((kept) => ({ ...kept, focused: false }));
    for (const window of Object.values<DesktopWindow>(now.windows)) {
      const former = before.windows[window.id];
      if (window.frozen !== null && former !== undefined) this.#followFrozen(window, former, now, before);
      if (former === undefined || former.free === window.free || window.guest.parent !== null) continue;
      if (!window.isPlacedByHand && !window.isSizedByHand) continue;
      const { vm, free, guest } = window;
      const key = keyOf(vm, guest.appId);
      this.#apps.delete(key);
      if (guest.appId !== "") this.#apps.set(key, { vm, appId: guest.appId, free, keepsSize: window.isSizedByHand });
      const [oldest] = this.#apps.keys();
      if (this.#apps.size > MAX_APPS && oldest !== undefined) this.#apps.delete(oldest);
    }
  }

  /** What is to be kept of this state. */
  placements(state: WmState): Placements {
    const shown = state.stack.flatMap((id) => {
      const window = state.windows[id];
      return window?.isMapped === true && window.frozen === null ? [keptOf(window, state)] : [];
    });
    const known = new Set(shown.map(({ id }) => id));
    return {
      windows: [...this.#awaited.filter(({ id }) => !known.has(id) && !this.#back.has(id)), ...shown].slice(-4096),
      apps: [...this.#apps.values()],
    };
  }

  /** It comes back as it was when it froze, or as a person has put its last picture since. */
  #followFrozen(window: DesktopWindow, former: DesktopWindow, now: WmState, before: WmState): void {
    if (former.frozen === null) this.#await(former, before);
    else if (window !== former || now.stack !== before.stack || now.focused !== before.focused)
      this.#await(window, now);
  }

  #await(window: DesktopWindow, state: WmState): void {
    if (!window.isMapped) return;
    this.#back.delete(window.id);
    this.#awaited = [...this.#awaited.filter(({ id }) => id !== window.id), keptOf(window, state)].sort(
      (a, b) => state.stack.indexOf(a.id) - state.stack.indexOf(b.id),
    );
  }
}

function keptOf(window: DesktopWindow, state: WmState): KeptWindow {
  return {
    id: window.id,
    vm: window.vm,
    appId: window.guest.appId,
    free: window.free,
    placement: window.placement,
    minimized: window.isMinimized,
    focused: state.focused === window.id,
  };
}

function keyOf(vm: VmId, appId: string): string {
  return `${vm} ${appId}`;
}
