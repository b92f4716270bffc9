/**
 * Popups of one link session: elements above their window's content, not clipped by it, each with the label's border. They
 * lie in their window's own layer, below its title bar: see guest-window.css.
 */
import type { VmId } from "#shared/model/vm.ts";
import { type GuestPopup, type Rect, type SurfaceId, windowIdOf } from "#shared/model/window.ts";
import { geometryOf, type Scene, type SceneSurface } from "../../compositor/scene.ts";
import { isTooltipSized, placePopup } from "../model/popup-place.ts";
import { popupsOverQuota, type ShownPopup } from "../model/popup-quota.ts";
import { contentOf, type DesktopWindow, frameOf, type WmState } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";

interface Popup {
  readonly surface: SceneSurface;
  readonly grab: boolean;
  /** Its program can be told that it is off the screen: X11 has no way for a window that is no menu. */
  readonly isDismissible: boolean;
  readonly element: HTMLElement;
  readonly clip: HTMLElement;
  /** As the guest asked for it: relative to its parent's geometry. */
  rect: Rect;
  /** Where the whole popup is and which part of it is shown, relative to its window's content; null: it is not shown. */
  whole: Rect | null;
  shown: Rect | null;
  /** It has been taken off the screen and does not come back, whatever its program draws. */
  isDismissed: boolean;
}

export interface PopupListener {
  /** Popups have appeared, moved or gone. */
  changed(): void;
  /** The host has taken a popup off the screen, with all that stand on it. `isDismissible`: its program is to be told. */
  dismissed(surface: SceneSurface, isDismissible: boolean): void;
}

export class PopupLayer {
  readonly #vm: VmId;
  readonly #scene: Scene;
  readonly #wm: WmStore;
  readonly #listener: PopupListener;
  /** In the order in which they opened: a later one lies above. */
  readonly #popups = new Map<SurfaceId, Popup>();
  readonly #unsubscribe: () => void;

  constructor(vm: VmId, scene: Scene, wm: WmStore, listener: PopupListener) {
    this.#vm = vm;
    this.#scene = scene;
    this.#wm = wm;
    this.#listener = listener;
    this.#unsubscribe = wm.subscribe((now, before) => this.#follow(now, before));
  }

  /** The session has ended. */
  end(): void {
    this.#unsubscribe();
  }

  open(surface: SceneSurface, popup: GuestPopup): void {
    const element = document.createElement("div");
    element.className = "popup";
    const clip = document.createElement("div");
    clip.className = "popup-clip";
    clip.append(surface.node);
    element.append(clip, surface.popups);
    this.#popups.set(surface.id, {
      surface,
      grab: popup.grab,
      isDismissible: popup.grab || popup.kind === "wayland",
      element,
      clip,
      rect: popup.rect,
      whole: null,
      shown: null,
      isDismissed: false,
    });
  }

  move(id: SurfaceId, rect: Rect): void {
    const popup = this.#popups.get(id);
    if (popup === undefined) return;
    popup.rect = rect;
    this.show(popup.surface);
  }

  /** A frame came, the first one or one of another size: the popup is as large as that. */
  show(surface: SceneSurface): void {
    const popup = this.#popups.get(surface.id);
    if (popup === undefined || popup.isDismissed || surface.frame === null) return;
    const parent = this.#parentOf(popup);
    const state = this.#wm.getState();
    const window = this.#windowOf(popup, state);
    // A popup's popups are shown only while it is.
    if (window === undefined || (parent !== undefined && parent.whole === null)) return;
    this.#place(popup, parent, window, state);
    if (popup.shown === null) return;
    if (state.focused !== window.id && !popup.grab && !isTooltipSized(popup.shown)) return this.dismiss(surface.id);
    for (const id of popupsOverQuota(this.#shownLast(popup), areaOf(state.workArea))) this.dismiss(id);
    this.#listener.changed();
  }

  /** Takes it off the screen with all its popups, before its program has reacted. */
  dismiss(id: SurfaceId): void {
    const dismissed = this.#popups.get(id);
    if (dismissed === undefined || dismissed.isDismissed) return;
    for (const popup of this.#popups.values()) {
      if (popup !== dismissed && this.#parentOf(popup)?.isDismissed !== true) continue;
      popup.isDismissed = true;
      popup.whole = null;
      popup.shown = null;
      popup.element.hidden = true;
    }
    this.#listener.dismissed(dismissed.surface, dismissed.isDismissible);
    this.#listener.changed();
  }

  /** What goes when a person turns to something else than this window: its menus, and all that is no mere hint. */
  dismissOf(window: SurfaceId): void {
    for (const { surface, grab, shown } of this.#popups.values()) {
      if (shown === null || this.#scene.windowOf(surface).id !== window) continue;
      if (grab || !isTooltipSized(shown)) this.dismiss(surface.id);
    }
  }

  close(id: SurfaceId): void {
    const popup = this.#popups.get(id);
    if (popup === undefined) return;
    popup.element.remove();
    this.#popups.delete(id);
    this.#listener.changed();
  }

  /** Popups of a window that are shown, relative to its content. */
  shownOn(window: SurfaceId): Rect[] {
    return [...this.#popups.values()].flatMap(({ surface, shown }) =>
      shown !== null && this.#scene.windowOf(surface).id === window ? [shown] : [],
    );
  }

  /** The surfaces of a window's popups and where each of them is, relative to its content; bottom to top. */
  surfacesOn(window: SurfaceId): { surface: SceneSurface; whole: Rect }[] {
    return [...this.#popups.values()].flatMap(({ surface, whole }) =>
      whole !== null && this.#scene.windowOf(surface).id === window ? [{ surface, whole }] : [],
    );
  }

  /** The lowest popup with a grab, which a press outside dismisses with all its popups; null: there is none. */
  firstGrab(): SceneSurface | null {
    for (const { surface, grab, shown } of this.#popups.values()) if (grab && shown !== null) return surface;
    return null;
  }

  /** Windows that have popups which are shown. */
  owners(): Set<SurfaceId> {
    const shown = [...this.#popups.values()].filter((popup) => popup.shown !== null);
    return new Set(shown.map(({ surface }) => this.#scene.windowOf(surface).id));
  }

  #windowOf({ surface }: Popup, { windows }: WmState): DesktopWindow | undefined {
    return windows[windowIdOf(this.#vm, this.#scene.windowOf(surface).id)];
  }

  #place(popup: Popup, parent: Popup | undefined, window: DesktopWindow, { workArea }: WmState): void {
    const { surface, rect, element } = popup;
    if (surface.frame === null || surface.parent === null) return;
    const geometry = geometryOf(surface.frame);
    const origin = parent?.whole ?? { x: 0, y: 0 };
    const wanted = { ...geometry, x: origin.x + rect.x, y: origin.y + rect.y };
    const content = contentOf(window, workArea);
    const popups = this.#shownBefore(popup);
    // In full screen the label's colour stays on all sides.
    const area = window.shownAs === "userFullscreen" ? content : workArea;
    const place = placePopup(wanted, { content, frame: frameOf(window, workArea), popups }, area);
    popup.whole = place.whole;
    popup.shown = place.shown;
    if (!element.isConnected) surface.parent.root.popups.append(element);
    write(popup, place.shown, parent?.shown ?? { x: 0, y: 0 }, geometry);
  }

  /** Its window has another place, or another frame: what was beside the title bar may lie over it now. */
  #follow(now: WmState, before: WmState): void {
    if (this.#popups.size === 0 || (now.windows === before.windows && now.workArea === before.workArea)) return;
    const moved = new Set<DesktopWindow>();
    for (const popup of this.#popups.values()) {
      const window = popup.shown === null ? undefined : this.#windowOf(popup, now);
      if (window === undefined) continue;
      if (now.workArea !== before.workArea || before.windows[window.id] !== window) moved.add(window);
      if (moved.has(window)) this.#place(popup, this.#parentOf(popup), window, now);
    }
    if (moved.size > 0) this.#listener.changed();
  }

  /** Popups of the same window that opened before this one, relative to its content. */
  #shownBefore(popup: Popup): Rect[] {
    const window = this.#scene.windowOf(popup.surface);
    const before: Rect[] = [];
    for (const other of this.#popups.values()) {
      if (other === popup) break;
      if (other.shown !== null && this.#scene.windowOf(other.surface) === window) before.push(other.shown);
    }
    return before;
  }

  /** All that are shown, in the order in which they opened, but this one last. */
  #shownLast(popup: Popup): ShownPopup[] {
    const others = [...this.#popups.values()].filter((other) => other !== popup);
    return [...others, popup].flatMap((one) => {
      if (one.shown === null) return [];
      return [{ id: one.surface.id, parent: this.#parentOf(one)?.surface.id ?? null, areaPx: areaOf(one.shown) }];
    });
  }

  /** The popup that it belongs to, where it is a popup's popup. */
  #parentOf({ surface }: Popup): Popup | undefined {
    return surface.parent === null ? undefined : this.#popups.get(surface.parent.root.id);
  }
}

function areaOf({ width, height }: Rect): number {
  return width * height;
}

/** `origin`: of the element that contains the popup's element, relative to the window's content. */
function write(popup: Popup, shown: Rect, origin: { x: number; y: number }, geometry: Rect): void {
  const { element, clip, surface } = popup;
  element.style.transform = `translate(${shown.x - origin.x}px, ${shown.y - origin.y}px)`;
  clip.style.width = `${shown.width}px`;
  clip.style.height = `${shown.height}px`;
  surface.node.style.left = `${-geometry.x}px`;
  surface.node.style.top = `${-geometry.y}px`;
}
