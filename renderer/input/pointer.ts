/**
 * The pointer over guests' surfaces: found by the page's own hit test, sent straight to the port of the VM below it and to
 * no other. While a button is down the surface that was pressed keeps the pointer, wherever it goes.
 */
import type { WindowId } from "#shared/model/window.ts";
import { type Scene, type SceneSurface, surfaceAt } from "../compositor/scene.ts";
import type { LinkSession } from "../wm/control/link-session.ts";
import type { Links } from "../wm/control/links.ts";
import { noteActivity } from "./activity.ts";
import { EVDEV_BUTTONS } from "./key-codes.ts";
import { leaveHostElements, timeOf } from "./keyboard.ts";
import { WheelAxis } from "./wheel.ts";

interface Under {
  session: LinkSession;
  scene: Scene;
  surface: SceneSurface;
}

/** PointerEvent.button -> its bit in PointerEvent.buttons. */
const BUTTON_BITS: readonly number[] = [1, 4, 2, 8, 16];
const LIMIT_256 = 0x7fff_ff;

export interface PointerListener {
  /** A button goes down in a guest's surface: its window takes focus. True = the host takes the press (Alt+drag). */
  pressed(window: WindowId, event: PointerEvent): boolean;
}

export class Pointer {
  readonly #links: Links;
  readonly #listener: PointerListener;
  /** Surface that has the pointer in its VM's eyes. */
  #over: Under | null = null;
  /** Surface that was pressed, until all buttons are up. */
  #grab: Under | null = null;
  readonly #buttons = new Set<number>();
  readonly #wheel = new WheelAxis();
  /** Something of the host uses the pointer: a window is being moved. */
  #isHeldByHost = false;

  constructor(links: Links, listener: PointerListener) {
    this.#links = links;
    this.#listener = listener;
    // pointermove waits for the frame.
    const motion = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
    window.addEventListener(motion, (event) => this.#moved(event as PointerEvent), { capture: true, passive: true });
    window.addEventListener("pointerdown", (event) => this.#pressed(event), { capture: true });
    window.addEventListener("pointermove", (event) => this.#chorded(event), { capture: true });
    window.addEventListener("pointerup", (event) => this.#released(event), { capture: true });
    window.addEventListener("pointercancel", () => this.releaseAll(), { capture: true });
    window.addEventListener("wheel", (event) => this.#wheeled(event), { capture: true, passive: false });
    window.addEventListener("contextmenu", (event) => event.preventDefault());
    window.addEventListener("auxclick", (event) => event.preventDefault());
    window.addEventListener("dragstart", (event) => event.preventDefault());
    document.documentElement.addEventListener("pointerleave", () => this.#leave());
    window.addEventListener("blur", () => this.releaseAll());
  }

  /** Window in whose surfaces a button is down. */
  get pressedWindow(): WindowId | null {
    return this.#grab === null ? null : windowOf(this.#grab);
  }

  /** The host takes the pointer over (move, resize): the guest's buttons go up, and it leaves. */
  setHeldByHost(isHeld: boolean): void {
    if (isHeld) this.releaseAll();
    this.#isHeldByHost = isHeld;
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
    this.#goTo(this.#target(event), event);
  }

  #pressed(event: PointerEvent): void {
    const under = this.#find(event.target);
    this.#dismissGrabsOutside(under);
    if (under === null || this.#isHeldByHost) return;
    event.preventDefault();
    leaveHostElements();
    if (this.#grab === null && this.#listener.pressed(windowOf(under), event)) return;
    this.#grab ??= under;
    noteActivity(under.session.vm);
    this.#goTo(this.#grab, event);
    this.#button(event, true);
  }

  #released(event: PointerEvent): void {
    if (this.#grab === null) return;
    event.preventDefault();
    this.#button(event, false);
    if (this.#buttons.size > 0) return;
    this.#grab = null;
    this.#goTo(this.#find(document.elementFromPoint(event.clientX, event.clientY)), event);
  }

  /** A further button while one is down comes as a move that names it. */
  #chorded(event: PointerEvent): void {
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

  /** In a menu's grab the pointer goes from surface to surface of its VM even while a button is down (press, drag, release). */
  #target(event: PointerEvent): Under | null {
    if (this.#grab === null) return this.#find(event.target);
    if (this.#grab.session.popups.firstGrab() === null) return this.#grab;
    const under = this.#find(document.elementFromPoint(event.clientX, event.clientY));
    return under?.session === this.#grab.session ? under : this.#grab;
  }

  #find(element: EventTarget | null): Under | null {
    const found = surfaceAt(element);
    const session = found === undefined ? undefined : this.#links.sessionOf(found.scene);
    return found === undefined || session === undefined ? null : { session, ...found };
  }

  #goTo(under: Under | null, event: MouseEvent): void {
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
    if (this.#grab !== null) return;
    this.#over?.session.send({ type: "pointerLeft" });
    this.#over = null;
  }

  /** A press outside a VM ends its menus. Inside it the program itself is told of the press, and does what it does. */
  #dismissGrabsOutside(under: Under | null): void {
    for (const session of this.#links.sessions()) if (under?.session !== session) session.dismissMenu();
  }
}

function windowOf({ session, scene, surface }: Under): WindowId {
  return session.windowIdOf(scene.windowOf(surface).id);
}

function fixed(value: number): number {
  return Math.max(-LIMIT_256, Math.min(LIMIT_256, Math.round(value * 256)));
}
