/**
 * The pointer over guests' surfaces: the page's own hit test finds the surface, and events go to the port of its VM and to
 * no other. While a button is down the surface where it was pressed keeps the pointer, wherever it moves.
 */
import { type LinkCommand, MAX_FIXED } from "#shared/ipc/link-port.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import { type Scene, type SceneSurface, surfaceAt } from "../compositor/scene.ts";
import { ICON_DRAG_TYPE } from "./icon-drag.ts";
import type { ActivityTracker } from "./activity.ts";
import { EVDEV_BUTTONS } from "./key-codes.ts";
import { leaveHostElements, timeOf } from "./keyboard.ts";
import type { PointerLock } from "./pointer-lock.ts";
import { WheelAxis } from "./wheel.ts";

/** The part of a VM's link session that pointer events go to. */
export interface PointerSession {
  readonly vm: VmId;
  readonly popups: { firstGrab(): SceneSurface | null };
  windowIdOf(surface: SurfaceId): WindowId;
  dismissMenu(): void;
  send(command: LinkCommand): void;
}

export interface PointerSessions {
  sessions(): Iterable<PointerSession>;
  sessionOf(scene: Scene): PointerSession | undefined;
}

/** The surface under the pointer, and whose it is. */
interface Under {
  session: PointerSession;
  scene: Scene;
  surface: SceneSurface;
}

/** PointerEvent.button */
const MIDDLE_BUTTON = 1;
/** PointerEvent.button -> its bit in PointerEvent.buttons. */
const BUTTON_BITS: readonly number[] = [1, 4, 2, 8, 16];

export interface PointerListener {
  /** A button is pressed in a guest's surface: its window takes focus. Returns true when the host takes the press (Alt+drag). */
  pressed(window: WindowId, event: PointerEvent): boolean;
  /** The middle button is about to go to that window, by this session. */
  middlePressed(window: WindowId, session: PointerSession): void;
}

export class Pointer {
  readonly #links: PointerSessions;
  readonly #activity: ActivityTracker;
  readonly #listener: PointerListener;
  /** The surface that has the pointer, as far as its VM knows. */
  #over: Under | null = null;
  /** The surface where a button was pressed, until all buttons are up. */
  #grab: Under | null = null;
  readonly #buttons = new Set<number>();
  readonly #wheel = new WheelAxis();
  /** What of the host uses the pointer: a gesture that moves a window, a prompt. */
  readonly #holders = new Set<string>();

  readonly #lock: PointerLock;

  constructor(links: PointerSessions, activity: ActivityTracker, lock: PointerLock, listener: PointerListener) {
    this.#lock = lock;
    this.#links = links;
    this.#activity = activity;
    this.#listener = listener;
    // pointermove is only sent once per frame.
    const motion = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
    window.addEventListener(motion, (event) => this.#moved(event as PointerEvent), { capture: true, passive: true });
    window.addEventListener("pointerdown", (event) => this.#pressed(event), { capture: true });
    window.addEventListener("pointermove", (event) => this.#furtherButton(event), { capture: true });
    window.addEventListener("pointerup", (event) => this.#released(event), { capture: true });
    window.addEventListener("pointercancel", () => this.releaseAll(), { capture: true });
    window.addEventListener("wheel", (event) => this.#wheeled(event), { capture: true, passive: false });
    window.addEventListener("contextmenu", (event) => event.preventDefault());
    window.addEventListener("auxclick", (event) => event.preventDefault());
    // Of the page icons alone can be dragged. Their own listeners, which come first, have put their type into the drag.
    window.addEventListener("dragstart", (event) => {
      if (event.dataTransfer?.types.includes(ICON_DRAG_TYPE) !== true) event.preventDefault();
    });
    document.documentElement.addEventListener("pointerleave", () => this.#leave());
    window.addEventListener("blur", () => this.releaseAll());
  }

  /** The window in whose surfaces a button is down. */
  get pressedWindow(): WindowId | null {
    return this.#grab === null ? null : windowOf(this.#grab);
  }

  /** While any part of the host holds the pointer no guest gets it: its buttons are released, and the pointer leaves it. */
  setHeldByHost(holder: string, isHeld: boolean): void {
    if (isHeld) {
      this.#lock.release();
      this.releaseAll();
      this.#holders.add(holder);
    } else this.#holders.delete(holder);
  }

  get #isHeldByHost(): boolean {
    return this.#holders.size > 0;
  }

  releaseAll(): void {
    for (const button of this.#buttons)
      this.#grab?.session.send({ type: "pointerButton", button, pressed: false, timeMs: timeOf() });
    this.#buttons.clear();
    this.#grab = null;
    this.#leave();
  }

  #moved(event: PointerEvent): void {
    if (this.#isHeldByHost) return;
    if (this.#lock.isHeld) return this.#lock.moved(event);
    this.#goTo(this.#target(event), event);
  }

  #pressed(event: PointerEvent): void {
    const under = this.#find(event.target);
    if (!this.#lock.isHeld) this.#dismissGrabsOutside(under);
    if (under === null || this.#isHeldByHost) return;
    event.preventDefault();
    leaveHostElements();
    if (this.#grab === null && this.#listener.pressed(windowOf(under), event)) return;
    this.#grab ??= under;
    this.#activity.used(under.session.vm);
    this.#goTo(this.#grab, event);
    if (event.button === MIDDLE_BUTTON) this.#listener.middlePressed(windowOf(this.#grab), this.#grab.session);
    this.#button(event, true);
    this.#lock.pressed(windowOf(this.#grab));
  }

  #released(event: PointerEvent): void {
    if (this.#grab === null) return;
    event.preventDefault();
    this.#button(event, false);
    if (this.#buttons.size > 0) return;
    this.#grab = null;
    if (!this.#lock.isHeld) this.#goTo(this.#find(document.elementFromPoint(event.clientX, event.clientY)), event);
  }

  /** A button pressed or released while another is down: browsers report it as a pointermove. */
  #furtherButton(event: PointerEvent): void {
    const bit = BUTTON_BITS[event.button];
    if (bit !== undefined && this.#grab !== null) this.#button(event, (event.buttons & bit) !== 0);
  }

  #button(event: PointerEvent, pressed: boolean): void {
    const button = EVDEV_BUTTONS[event.button];
    if (button === undefined || pressed === this.#buttons.has(button)) return;
    if (pressed) this.#buttons.add(button);
    else this.#buttons.delete(button);
    this.#grab?.session.send({ type: "pointerButton", button, pressed, timeMs: timeOf(event) });
  }

  #wheeled(event: WheelEvent): void {
    const under = this.#grab ?? this.#find(event.target);
    if (under === null || this.#isHeldByHost) return;
    event.preventDefault();
    this.#goTo(under, event);
    const axis = this.#wheel.take(event);
    if (axis !== null) under.session.send(axis);
  }

  /** While a menu of it is open a VM's surfaces hand the pointer on even with a button down (press, drag, release on an item). */
  #target(event: PointerEvent): Under | null {
    if (this.#grab === null) return this.#find(event.target);
    if (this.#grab.session.popups.firstGrab() === null) return this.#grab;
    const under = this.#find(document.elementFromPoint(event.clientX, event.clientY));
    return under?.session === this.#grab.session ? under : this.#grab;
  }

  #find(element: EventTarget | null): Under | null {
    // The page's hit test finds nothing: all events go to one element.
    if (this.#lock.isHeld) return this.#over;
    const found = surfaceAt(element);
    const session = found === undefined ? undefined : this.#links.sessionOf(found.scene);
    return found === undefined || session === undefined ? null : { session, ...found };
  }

  #goTo(under: Under | null, event: MouseEvent): void {
    if (this.#lock.isHeld) return;
    if (under === null || under.session !== this.#over?.session) this.#leave();
    this.#over = under;
    if (under === null) return;
    const box = under.surface.canvas.getBoundingClientRect();
    under.session.send({
      type: "pointerMotion",
      surface: under.surface.id,
      xFixed: fixed(event.clientX - box.left),
      yFixed: fixed(event.clientY - box.top),
      timeMs: timeOf(event),
    });
  }

  #leave(): void {
    if (this.#grab !== null || this.#lock.isHeld) return;
    this.#over?.session.send({ type: "pointerLeft" });
    this.#over = null;
  }

  /** A press outside a VM's surfaces dismisses its menus. On a press inside them the program itself decides. */
  #dismissGrabsOutside(under: Under | null): void {
    for (const session of this.#links.sessions()) if (under?.session !== session) session.dismissMenu();
  }
}

function windowOf({ session, scene, surface }: Under): WindowId {
  return session.windowIdOf(scene.windowOf(surface).id);
}

function fixed(value: number): number {
  return Math.max(-MAX_FIXED, Math.min(MAX_FIXED, Math.round(value * 256)));
}
