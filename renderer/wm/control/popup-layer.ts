/** Popups of one link session: elements above their window, not clipped by it, each with the label's border. */
import type { VmId } from "#shared/model/vm.ts";
import { type GuestPopup, type Rect, type SurfaceId, windowIdOf } from "#shared/model/window.ts";
import { geometryOf, type Scene, type SceneSurface } from "../../compositor/scene.ts";
import { placePopup, screenOf } from "../model/geometry.ts";
import { contentOf } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";

interface Popup {
  readonly surface: SceneSurface;
  readonly grab: boolean;
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

export class PopupLayer {
  readonly #vm: VmId;
  readonly #scene: Scene;
  readonly #wm: WmStore;
  readonly #changed: () => void;
  /** In the order in which they opened: a later one lies above. */
  readonly #popups = new Map<SurfaceId, Popup>();

  /** `changed` is called when popups appear, move or go. */
  constructor(vm: VmId, scene: Scene, wm: WmStore, changed: () => void) {
    this.#vm = vm;
    this.#scene = scene;
    this.#wm = wm;
    this.#changed = changed;
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
    if (popup === undefined || popup.isDismissed || surface.frame === null || surface.parent === null) return;
    const parent = this.#parentOf(popup);
    const owner = this.#scene.windowOf(surface);
    const state = this.#wm.getState();
    const window = state.windows[windowIdOf(this.#vm, owner.id)];
    if (window === undefined) return;
    const { width, height } = geometryOf(surface.frame);
    // A popup's popups are shown only while it is.
    if (parent !== undefined && parent.whole === null) return;
    const origin = parent?.whole ?? { x: 0, y: 0 };
    const wanted = { x: origin.x + popup.rect.x, y: origin.y + popup.rect.y, width, height };
    const area = window.shownAs === "userFullscreen" ? screenOf(state.workArea) : state.workArea;
    const place = placePopup(wanted, contentOf(window, state.workArea), area);
    popup.whole = place.whole;
    popup.shown = place.shown;
    if (!popup.element.isConnected) surface.parent.root.popups.append(popup.element);
    write(popup, place.shown, parent?.shown ?? { x: 0, y: 0 }, geometryOf(surface.frame));
    this.#changed();
  }

  /** Takes it off the screen with all its popups, before its program has reacted. */
  dismiss(id: SurfaceId): void {
    for (const popup of this.#popups.values()) {
      if (popup.surface.id !== id && this.#parentOf(popup)?.isDismissed !== true) continue;
      popup.isDismissed = true;
      popup.whole = null;
      popup.shown = null;
      popup.element.hidden = true;
    }
    this.#changed();
  }

  close(id: SurfaceId): void {
    const popup = this.#popups.get(id);
    if (popup === undefined) return;
    popup.element.remove();
    this.#popups.delete(id);
    this.#changed();
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

  /** The popup that it belongs to, where it is a popup's popup. */
  #parentOf({ surface }: Popup): Popup | undefined {
    return surface.parent === null ? undefined : this.#popups.get(surface.parent.root.id);
  }
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
