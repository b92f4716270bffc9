/**
 * The pointer over guests' surfaces: found by the page's own hit test, sent straight to the port of the VM below it and to
 * no other. While a button is down the surface that was pressed keeps the pointer, wherever it goes.
 */
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import type { WindowId } from "#shared/model/window.ts";
import { type Scene, type SceneSurface, surfaceAt } from "../compositor/scene.ts";
import type { LinkSession } from "../vms/link-session.ts";
import type { Links } from "../vms/links.ts";
import { EVDEV_BUTTONS } from "./key-codes.ts";
import { timeOf } from "./keyboard.ts";

interface Under {
  session: LinkSession;
  scene: Scene;
  surface: SceneSurface;
}

/** Pixels of wheelDelta per notch in Chromium. */
const WHEEL_DELTA_PER_NOTCH = 120;
/** Logical units that a notch scrolls, as libinput says it. */
const UNITS_PER_NOTCH = 15;
const LIMIT_256 = 0x7fff_ff;

export interface PointerListener {
  /** A button went down in a guest's surface: its window takes focus. */
  pressed(window: WindowId): void;
}

export class Pointer {
  readonly #links: Links;
  readonly #listener: PointerListener;
  /** Surface that has the pointer in its VM's eyes. */
  #over: Under | null = null;
  /** Surface that was pressed, until all buttons are up. */
  #grab: Under | null = null;
  readonly #buttons = new Set<number>();
  /** Something of the host uses the pointer: a window is being moved. */
  #isHeldByHost = false;

  constructor(links: Links, listener: PointerListener) {
    this.#links = links;
    this.#listener = listener;
    // pointermove waits for the frame.
    const motion = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
    window.addEventListener(motion, (event) => this.#moved(event as PointerEvent), { capture: true, passive: true });
    window.addEventListener("pointerdown", (event) => this.#pressed(event), { capture: true });
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
    this.#grab ??= under;
    this.#listener.pressed(windowOf(under));
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
    under.session.send(axisOf(event));
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
    for (const session of this.#links.sessions()) {
      const first = session.popups.firstGrab();
      if (first !== null && under?.session !== session) session.send({ type: "dismissPopup", surface: first.id });
    }
  }
}

function windowOf({ session, scene, surface }: Under): WindowId {
  return session.windowIdOf(scene.windowOf(surface).id);
}

function fixed(value: number): number {
  return Math.max(-LIMIT_256, Math.min(LIMIT_256, Math.round(value * 256)));
}

/** Positive = down, right. Chromium's wheelDelta is 120 per notch of a wheel, and points the other way. */
export function axisOf(event: WheelEvent): Extract<LinkCommand, { type: "pointerAxis" }> {
  const legacy = event as unknown as { wheelDeltaX?: number; wheelDeltaY?: number };
  const x120 = notches120(-(legacy.wheelDeltaX ?? 0));
  const y120 = notches120(-(legacy.wheelDeltaY ?? 0));
  return {
    type: "pointerAxis",
    x120,
    y120,
    xFixed: fixed((x120 / WHEEL_DELTA_PER_NOTCH) * UNITS_PER_NOTCH),
    yFixed: fixed((y120 / WHEEL_DELTA_PER_NOTCH) * UNITS_PER_NOTCH),
    finger: false,
    stopped: false,
    timeMs: timeOf(event),
  };
}

function notches120(value: number): number {
  return Math.max(-12_000, Math.min(12_000, Math.round(value))) + 0;
}
