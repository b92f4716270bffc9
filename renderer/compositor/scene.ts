/**
 * The surfaces of one link session as elements of the page: a tree of canvases for each window and popup.
 * Knows no window decorations, no focus and no React; who shows a root appends its `node` (and a window's `popups`) somewhere.
 */
import type { FrameInfo } from "#shared/model/frame.ts";
import type { PlacedChild, Rect, SurfaceId } from "#shared/model/window.ts";
import type { Compositor } from "./compositor.ts";
import type { Layer, LinkSessionId } from "./worker/messages.ts";

export type Role = "window" | "popup" | "subsurface";

export interface SceneSurface {
  readonly id: SurfaceId;
  readonly role: Role;
  readonly parent: SceneSurface | null;
  /** Window or popup that it belongs to; itself for those. */
  readonly root: SceneSurface;
  /** Zero-sized box at the surface's top left; holds its canvas and its placed children in their order. */
  readonly node: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Popups that are its children; windows and popups only. */
  readonly popups: HTMLElement;
  readonly children: Set<SceneSurface>;
  /** Bottom to top, itself included. */
  order: readonly PlacedChild[];
  /** The newest frame that was drawn; null = none yet. */
  frame: FrameInfo | null;
  /** Somebody sees it, or would if it had a frame. */
  isVisible: boolean;
}

/** The part of a root surface that is its window: all of it unless the program says otherwise. */
export function geometryOf(frame: FrameInfo): Rect {
  return frame.geometry ?? { x: 0, y: 0, width: frame.logicalWidth, height: frame.logicalHeight };
}

/** How far the picture of a cursor reaches from the pointer, CSS pixels. */
export interface CursorReach {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const bySurfaceCanvas = new WeakMap<EventTarget, { scene: Scene; surface: SceneSurface }>();

/** Which surface an element of the page shows. */
export function surfaceAt(element: EventTarget | null): { scene: Scene; surface: SceneSurface } | undefined {
  return element === null ? undefined : bySurfaceCanvas.get(element);
}

export class Scene {
  readonly session: LinkSessionId;
  readonly #compositor: Compositor;
  readonly #surfaces = new Map<SurfaceId, SceneSurface>();
  #cursor = "";
  /** Of the cursor over its surfaces; null: it is one of the host's own. */
  cursorReach: CursorReach | null = null;

  constructor(session: LinkSessionId, compositor: Compositor) {
    this.session = session;
    this.#compositor = compositor;
  }

  find(id: SurfaceId): SceneSurface | undefined {
    return this.#surfaces.get(id);
  }

  surfaces(): IterableIterator<SceneSurface> {
    return this.#surfaces.values();
  }

  /** The window that a surface belongs to, through popups and subsurfaces. */
  windowOf(surface: SceneSurface): SceneSurface {
    let at = surface;
    while (at.parent !== null) at = at.parent;
    return at;
  }

  open(id: SurfaceId, role: Role, parentId: SurfaceId | null): SceneSurface | null {
    const parent = parentId === null ? null : (this.#surfaces.get(parentId) ?? null);
    if (role !== "window" && parent === null) return null;
    const node = document.createElement("div");
    node.className = "surface";
    node.style.cursor = this.#cursor;
    const canvas = newCanvas();
    node.append(canvas);
    const popups = document.createElement("div");
    popups.className = "popups";
    const surface: SceneSurface = {
      id,
      role,
      parent,
      get root() {
        return role === "subsurface" && parent !== null ? parent.root : surface;
      },
      node,
      canvas,
      popups,
      children: new Set(),
      order: [{ surface: id, x: 0, y: 0 }],
      frame: null,
      isVisible: true,
    };
    parent?.children.add(surface);
    this.#surfaces.set(id, surface);
    bySurfaceCanvas.set(canvas, { scene: this, surface });
    this.#compositor.open(this.session, id, canvas);
    if (parent?.isVisible === false) this.setVisible(surface, false);
    return surface;
  }

  /** Gives a surface another canvas, of the same place and size, for what its present one cannot show. */
  replaceCanvas(id: SurfaceId): void {
    const surface = this.#surfaces.get(id);
    if (surface === undefined) return;
    const canvas = newCanvas();
    canvas.style.cssText = surface.canvas.style.cssText;
    surface.canvas.replaceWith(canvas);
    surface.canvas = canvas;
    bySurfaceCanvas.set(canvas, { scene: this, surface });
    this.#compositor.replaceCanvas(this.session, id, canvas);
  }

  /** The whole stacking of a surface's subsurfaces; one that is not named is not shown. */
  place(parentId: SurfaceId, order: readonly PlacedChild[]): void {
    const parent = this.#surfaces.get(parentId);
    if (parent === undefined) return;
    parent.order = order;
    const shown = new Set<Node>();
    for (const { surface: id, x, y } of order) {
      const child = this.#surfaces.get(id);
      if (child === undefined || (child !== parent && (child.parent !== parent || child.role !== "subsurface")))
        continue;
      const element = child === parent ? parent.canvas : child.node;
      if (child !== parent) {
        element.style.left = `${x}px`;
        element.style.top = `${y}px`;
      }
      parent.node.append(element);
      shown.add(element);
    }
    for (const child of parent.children) if (child.role === "subsurface" && !shown.has(child.node)) child.node.remove();
  }

  /** A frame was drawn: the canvas takes its logical size. */
  show(id: SurfaceId, frame: FrameInfo): SceneSurface | undefined {
    const surface = this.#surfaces.get(id);
    if (surface === undefined) return undefined;
    surface.frame = frame;
    const { style } = surface.canvas;
    style.width = `${frame.logicalWidth}px`;
    style.height = `${frame.logicalHeight}px`;
    // The worker's next frame may be there before its size is: never stretch it where one pixel is one unit.
    style.objectFit = frame.logicalWidth === frame.width && frame.logicalHeight === frame.height ? "none" : "fill";
    if (surface.role !== "subsurface") {
      const { x, y } = geometryOf(frame);
      surface.node.style.left = `${-x}px`;
      surface.node.style.top = `${-y}px`;
    }
    return surface;
  }

  /** Ends a surface and all its descendants; returns them, children before parents. */
  close(id: SurfaceId): SceneSurface[] {
    const surface = this.#surfaces.get(id);
    if (surface === undefined) return [];
    const closed = [...surface.children].flatMap((child) => this.close(child.id));
    surface.parent?.children.delete(surface);
    this.#surfaces.delete(id);
    if (surface.role === "subsurface") surface.node.remove();
    this.#compositor.forget(this.session, id);
    return [...closed, surface];
  }

  /** Nobody sees it, or somebody does again: goes for all its descendants, later ones too. */
  setVisible(root: SceneSurface, isVisible: boolean): void {
    root.isVisible = isVisible;
    this.#compositor.setVisible(this.session, root.id, isVisible);
    for (const child of root.children) this.setVisible(child, isVisible);
  }

  /** CSS `cursor` over all surfaces of this VM. */
  setCursor(cursor: string, reach: CursorReach | null): void {
    this.#cursor = cursor;
    this.cursorReach = reach;
    for (const { node } of this.#surfaces.values()) node.style.cursor = cursor;
  }

  /**
   * What a root shows, bottom to top, in pixels of its buffer: `origin` is where the root surface's top left lies, in
   * logical units. Popups come after their parents.
   */
  layers(root: SceneSurface, origin: { x: number; y: number }, scale: number): Layer[] {
    const layers: Layer[] = [];
    const visit = (surface: SceneSurface, x: number, y: number): void => {
      for (const child of surface.order) {
        const placed = this.#surfaces.get(child.surface);
        if (placed === undefined) continue;
        if (placed !== surface) {
          if (placed.parent === surface) visit(placed, x + child.x, y + child.y);
        } else if (surface.frame !== null) {
          const { logicalWidth, logicalHeight } = surface.frame;
          layers.push({
            session: this.session,
            surface: surface.id,
            x: x * scale,
            y: y * scale,
            width: logicalWidth * scale,
            height: logicalHeight * scale,
          });
        }
      }
    };
    visit(root, origin.x, origin.y);
    return layers;
  }
}

function newCanvas(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = "surface-canvas";
  canvas.width = 1;
  canvas.height = 1;
  return canvas;
}
