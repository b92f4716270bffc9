/**
 * Remembers where windows were. One that comes back (after a start of the desktop, or a lost link) gets its place, state and
 * level again; a new one opens where a person last put a window of its application. Without I/O: it is given what was kept,
 * and gives what is to be kept. Who does what with the places of windows:
 *
 * | WindowMemory (this file) | what is known: answers a window that opens, collects what is to be kept |
 * | PlacementKeeper (placement-keeper.ts) | follows the window manager, reports `placements.report` to main at each change |
 * | PlacementsFile (main/windows/placements-file.ts) | writes that report to a file and reads it at the next start |
 * | LayoutReporter (layout-reporter.ts) | reports `layout.report`, where windows are just now, for the `atoll` command |
 */
import type { Placements } from "#shared/ipc/layout.ts";
import type { VmId } from "#shared/model/vm.ts";
import { MAX_WINDOWS } from "#shared/protocol/limits.ts";
import type { GuestWindow, WindowId } from "#shared/model/window.ts";
import type { DesktopWindow, Remembered, WmState } from "../model/state.ts";

type KeptWindow = Placements["windows"][number];
type KeptApp = Placements["apps"][number];

/** Applications that are remembered; the one whose window was moved longest ago is forgotten first. */
const MAX_APPS = 200;
/**
 * Windows of one VM that may come back; the one that was lost longest ago is forgotten first. A guest loses its link, and its windows
 * with it, as often as it likes, and need never open them again.
 */
const MAX_EXPECTED = MAX_WINDOWS;

export class WindowMemory {
  /** Windows that may come back, bottom to top. */
  #expected: KeptWindow[] = [];
  /** Those of them that are back. */
  readonly #back = new Set<WindowId>();
  readonly #apps = new Map<string, KeptApp>();

  /** What was kept when the desktop ended. */
  load({ windows, apps }: Placements): void {
    this.#expected = windows;
    for (const app of apps) this.#apps.set(keyOf(app.vm, app.appId), app);
  }

  /** These VMs still run, so their windows may come back; those of all others are forgotten. */
  keepOnly(vms: ReadonlySet<VmId>): void {
    this.#setExpected(this.#expected.filter(({ vm }) => vms.has(vm)));
  }

  /** What is remembered of a window that opens, or of its application. */
  recall(id: WindowId, vm: VmId, guest: GuestWindow): Remembered | null {
    const level = this.#expected.findIndex((kept) => kept.id === id && kept.vm === vm && kept.appId === guest.appId);
    const kept = this.#expected[level];
    if (kept !== undefined && !this.#back.has(id)) {
      this.#back.add(id);
      const below = new Set(this.#expected.slice(0, level).map((other) => other.id));
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

  /** Follows a change of state: notes windows that a person moved or resized, and frozen ones, which may come back. */
  changed(now: WmState, before: WmState): void {
    // Focus went to another window though the focused one is still there: the person has moved on, and no window that
    // comes back takes focus any more.
    const isTurned = before.focused !== null && now.focused !== before.focused && before.focused in now.windows;
    if (isTurned) this.#expected = this.#expected.map((kept) => ({ ...kept, focused: false }));
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
      windows: [...this.#expected.filter(({ id }) => !known.has(id) && !this.#back.has(id)), ...shown].slice(-4096),
      apps: [...this.#apps.values()],
    };
  }

  /** It will come back as it was when it froze, or where a person has moved the frozen window since. */
  #followFrozen(window: DesktopWindow, former: DesktopWindow, now: WmState, before: WmState): void {
    if (former.frozen === null) this.#expect(former, before);
    else if (window !== former || now.stack !== before.stack || now.focused !== before.focused)
      this.#expect(window, now);
  }

  #expect(window: DesktopWindow, state: WmState): void {
    if (!window.isMapped) return;
    this.#back.delete(window.id);
    // Those that are not on the screen any more come first, in the order in which they were lost.
    const expected = [...this.#expected.filter(({ id }) => id !== window.id), keptOf(window, state)].sort(
      (a, b) => state.stack.indexOf(a.id) - state.stack.indexOf(b.id),
    );
    const own = expected.filter(({ vm }) => vm === window.vm);
    const oldest = own.length > MAX_EXPECTED ? own[0] : undefined;
    this.#setExpected(expected.filter((kept) => kept !== oldest));
  }

  #setExpected(expected: KeptWindow[]): void {
    this.#expected = expected;
    const ids = new Set(expected.map(({ id }) => id));
    for (const id of this.#back) if (!ids.has(id)) this.#back.delete(id);
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
