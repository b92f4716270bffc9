/**
 * Sends key events to the focused window's VM, straight from a capture listener to its port; never the host's shortcuts
 * (host-keys.ts), and none while a prompt is shown. Remembers which keys are down in the guest, so that each one is released
 * there, and keeps the guest's modifiers and locks equal to the host's, so that none sticks.
 */
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, SurfaceId } from "#shared/model/window.ts";
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import { DEFAULT_PASTE_KEYS, isPasteChord } from "#shared/model/paste-keys.ts";
import type { ActivityTracker } from "./activity.ts";
import { type HostShortcut, hostShortcutOf, isSuper } from "./host-keys.ts";
import { EVDEV_CODES } from "./key-codes.ts";
import { type LayoutMap, strokeOf } from "./strokes.ts";

/** The part of a VM's link session that keys are sent through. */
export interface KeySession {
  readonly vm: VmId;
  send(command: LinkCommand): void;
}

export interface KeyboardTarget {
  session: KeySession;
  surface: SurfaceId;
}

export interface KeyboardListener {
  /** Super was pressed and released with nothing else in between. */
  superTapped(): void;
  shortcutPressed(shortcut: HostShortcut): void;
  /** A paste chord is about to go to the focused window, by this session. */
  pastePressed(session: KeySession): void;
}

/** The modifiers, as pointer events and key events have them. */
export type ModifierFacts = Pick<MouseEvent, "shiftKey" | "ctrlKey" | "altKey" | "getModifierState">;

const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph"] as const;
type Modifier = (typeof MODIFIERS)[number];
type Lock = "CapsLock" | "NumLock";

const MODIFIER_CODES: Readonly<Record<Modifier, number>> = { Shift: 42, Control: 29, Alt: 56, AltGraph: 100 };
const LOCK_CODES: Readonly<Record<Lock, number>> = { CapsLock: 58, NumLock: 69 };
/** After a window of another VM got focus by no act of a person: what is typed is taken to be for it after such a pause. */
const QUIET_MS = 400;
/** KEY_UNKNOWN, a key without a meaning: sent between Alt's press and release, it shows that Alt was not pressed alone. */
const NO_KEY = 240;

interface Pressed {
  /** Which modifier the key is on the host's layout; null: none. */
  modifier: Modifier | null;
}

export class Keyboard {
  readonly #listener: KeyboardListener;
  readonly #activity: ActivityTracker;
  /** evdev codes that are down in the target. */
  readonly #pressed = new Map<number, Pressed>();
  /** Which key last acted as a modifier: layouts move them. */
  readonly #keyOf: Record<Modifier, number> = { ...MODIFIER_CODES };
  /** The locks of each VM's agent: off when a session begins. */
  readonly #locks = new WeakMap<KeySession, Record<Lock, boolean>>();
  readonly #holders = new Set<string>();
  #target: KeyboardTarget | null = null;
  #layout: LayoutMap | null = null;
  #pasteKeys: readonly string[] = DEFAULT_PASTE_KEYS;
  #capture: ((event: KeyboardEvent) => void) | null = null;
  #isPromptShown = false;
  readonly #nowMs: () => number;
  /** When a key was pressed last, of whatever kind. */
  #lastKeyMs = -Infinity;
  /** While keys are dropped: since when there was none. null: they are not. */
  #quietSinceMs: number | null = null;
  /** Super is down, and nothing else was pressed since. */
  #isSuperTap = false;
  /** Alt is down in the guest, and no other key was pressed since. */
  #isAltTap = false;

  /** Listens to `source`, the page's window. */
  constructor(
    activity: ActivityTracker,
    listener: KeyboardListener,
    source: EventTarget,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#nowMs = nowMs;
    this.#activity = activity;
    this.#listener = listener;
    source.addEventListener("keydown", (event) => this.#keyDown(event as KeyboardEvent), { capture: true });
    source.addEventListener("keyup", (event) => this.#keyUp(event as KeyboardEvent), { capture: true });
    source.addEventListener("pointerdown", () => (this.#isSuperTap = false), { capture: true });
    source.addEventListener("blur", () => this.releaseAll());
  }

  /** The chords with which programs paste; see shared/model/paste-keys.ts. */
  setPasteKeys(chords: readonly string[]): void {
    this.#pasteKeys = chords;
  }

  setLayout(layout: LayoutMap | null): void {
    this.#layout = layout;
  }

  /** The window that gets the keys from now on; keys that are down are released in the former one first. */
  setTarget(target: KeyboardTarget | null): void {
    const before = this.#target;
    if (before?.session === target?.session && before?.surface === target?.surface) return;
    this.releaseAll();
    this.#target = target;
    if (before !== null && before.session !== target?.session)
      before.session.send({ type: "keyboardFocus", surface: null });
    target?.session.send({ type: "keyboardFocus", surface: target.surface });
  }

  /**
   * A window of another VM gets the keys, for this cause. By no act of a person: whoever is typing means the former window, so
   * presses are dropped until there was none for QUIET_MS. A launch has been waited for, so that only what is being typed in
   * that moment is dropped. By a person's act: from now on every key counts.
   */
  vmChanged(cause: FocusCause): void {
    if (cause === "person") this.#quietSinceMs = null;
    else if (cause === "inherited") this.#quietSinceMs = this.#nowMs();
    else this.#quietSinceMs = this.#lastKeyMs;
  }

  /** While any part of the host (launcher, menu) holds the keys, no guest gets one. The host's shortcuts still work. */
  setHeldByHost(holder: string, isHeld: boolean): void {
    if (isHeld) {
      this.releaseAll();
      this.#holders.add(holder);
    } else this.#holders.delete(holder);
  }

  /** A prompt owns the keyboard: its buttons get the keys; no guest, no shortcut and no capture does, until it is answered. */
  setPromptShown(isShown: boolean): void {
    if (isShown) this.releaseAll();
    this.#isPromptShown = isShown;
  }

  /** Every key event goes to `handler` alone, shortcuts included, until the returned function is called. */
  capture(handler: (event: KeyboardEvent) => void): () => void {
    this.releaseAll();
    this.#capture = handler;
    return () => {
      if (this.#capture === handler) this.#capture = null;
    };
  }

  /** Sends the modifiers that a person holds; before a pointer button is sent. */
  alignWith(event: ModifierFacts): void {
    if (this.#isForGuest && this.#target !== null) this.#alignModifiers(event);
  }

  /** The host took a shortcut whose modifier the guest has seen pressed: its release must not mean "Alt alone" there. */
  disarm(): void {
    this.#isSuperTap = false;
    if (!this.#isAltTap) return;
    this.#isAltTap = false;
    this.#send(NO_KEY, "pressed");
    this.#send(NO_KEY, "released");
  }

  releaseAll(): void {
    this.disarm();
    for (const code of this.#pressed.keys()) this.#send(code, "released");
    this.#pressed.clear();
  }

  get #isForGuest(): boolean {
    return this.#holders.size === 0 && this.#capture === null && !this.#isPromptShown;
  }

  #keyDown(event: KeyboardEvent): void {
    const isDropped = this.#followTyping();
    if (this.#isPromptShown) return keepFromShortcuts(event);
    if (this.#capture !== null) return take(event, this.#capture);
    if (isSuper(event)) {
      event.preventDefault();
      if (!event.repeat) this.#isSuperTap = true;
      return;
    }
    this.#isSuperTap = false;
    const shortcut = hostShortcutOf(event);
    if (shortcut !== null) {
      event.preventDefault();
      event.stopPropagation();
      if (event.repeat && shortcut.code !== "Tab") return;
      this.disarm();
      return this.#listener.shortcutPressed(shortcut);
    }
    if (!this.#isForGuest) return;
    event.preventDefault();
    event.stopPropagation();
    leaveHostElements();
    if (this.#target === null || isDropped) return;
    // The host knows of it before the program does.
    if (!event.repeat && isPasteChord(event, this.#pasteKeys)) this.#listener.pastePressed(this.#target.session);
    this.#press(event, this.#target.session);
  }

  /** A key is pressed, or repeats. Returns whether the guest that has the keys must not have it. */
  #followTyping(): boolean {
    const nowMs = this.#nowMs();
    const isDropped = this.#quietSinceMs !== null && nowMs - this.#quietSinceMs < QUIET_MS;
    this.#quietSinceMs = isDropped ? nowMs : null;
    this.#lastKeyMs = nowMs;
    return isDropped;
  }

  #press(event: KeyboardEvent, session: KeySession): void {
    const stroke = strokeOf(event, this.#layout);
    if (stroke === null) return;
    const { code, needsShift } = stroke;
    // Repeats of a key that was pressed in another window are dropped.
    if (event.repeat) return this.#pressed.has(code) ? this.#send(code, "repeated", event) : undefined;
    const modifier = modifierOf(event.key);
    if (modifier === null) {
      this.#alignModifiers(event);
      this.#alignLocks(event, session);
    } else this.#keyOf[modifier] = code;
    this.#isAltTap = modifier === "Alt" && this.#pressed.size === 0;
    if (needsShift) this.#send(MODIFIER_CODES.Shift, "pressed", event);
    this.#pressed.set(code, { modifier });
    this.#send(code, "pressed", event);
    if (needsShift) this.#send(MODIFIER_CODES.Shift, "released", event);
    if (isLock(event.key)) this.#locksOf(session)[event.key] = !this.#locksOf(session)[event.key];
    // After the key: nothing may delay that.
    this.#activity.used(session.vm);
  }

  #keyUp(event: KeyboardEvent): void {
    if (this.#isPromptShown) return keepFromShortcuts(event);
    if (this.#capture !== null) return take(event, this.#capture);
    if (isSuper(event)) {
      event.preventDefault();
      if (this.#isSuperTap) this.#listener.superTapped();
      this.#isSuperTap = false;
      return;
    }
    const code = EVDEV_CODES[event.code];
    if (code !== undefined && this.#pressed.delete(code)) {
      event.preventDefault();
      this.#isAltTap = false;
      this.#send(code, "released", event);
    }
    // It may have been pressed there by #alignModifiers, when the window got focus while it was held.
    if (modifierOf(event.key) !== null && this.#target !== null) this.#releaseModifiers(event);
  }

  /** Presses and releases modifiers in the guest until they equal those that a person holds. */
  #alignModifiers(event: ModifierFacts): void {
    this.#releaseModifiers(event);
    for (const modifier of MODIFIERS) {
      if (!isHeld(event, modifier) || this.#hasPressed(modifier)) continue;
      const code = this.#keyOf[modifier];
      this.#pressed.set(code, { modifier });
      this.#send(code, "pressed");
    }
  }

  #releaseModifiers(event: ModifierFacts): void {
    for (const [code, { modifier }] of [...this.#pressed]) {
      if (modifier === null || isHeld(event, modifier)) continue;
      this.#pressed.delete(code);
      this.#send(code, "released");
    }
  }

  #hasPressed(modifier: Modifier): boolean {
    for (const pressed of this.#pressed.values()) if (pressed.modifier === modifier) return true;
    return false;
  }

  /** A lock that changed while another window had the keys is set before the first key that it matters for. */
  #alignLocks(event: KeyboardEvent, session: KeySession): void {
    const lock = event.code.startsWith("Numpad") ? "NumLock" : event.key.length === 1 ? "CapsLock" : null;
    if (lock === null) return;
    const locks = this.#locksOf(session);
    const isOn = event.getModifierState(lock);
    if (locks[lock] === isOn) return;
    locks[lock] = isOn;
    this.#send(LOCK_CODES[lock], "pressed");
    this.#send(LOCK_CODES[lock], "released");
  }

  #locksOf(session: KeySession): Record<Lock, boolean> {
    const known = this.#locks.get(session);
    if (known !== undefined) return known;
    const locks = { CapsLock: false, NumLock: false };
    this.#locks.set(session, locks);
    return locks;
  }

  #send(code: number, state: "pressed" | "released" | "repeated", event?: KeyboardEvent): void {
    this.#target?.session.send({ type: "key", code, state, timeMs: timeOf(event) });
  }
}

/** Neither the host's shortcuts nor the page's menus see Super or a shortcut while a prompt is shown; all else is the prompt's. */
function keepFromShortcuts(event: KeyboardEvent): void {
  if (!isSuper(event) && hostShortcutOf(event) === null) return;
  event.preventDefault();
  event.stopPropagation();
}

function take(event: KeyboardEvent, handler: (event: KeyboardEvent) => void): void {
  event.preventDefault();
  event.stopPropagation();
  handler(event);
}

/** Takes DOM focus from the button of the host that was used last, with its focus ring: a guest is used now. */
export function leaveHostElements(): void {
  const { activeElement } = document;
  if (activeElement instanceof HTMLElement && activeElement !== document.body) activeElement.blur();
}

function modifierOf(key: string): Modifier | null {
  return MODIFIERS.find((modifier) => modifier === key) ?? null;
}

function isLock(key: string): key is Lock {
  return key === "CapsLock" || key === "NumLock";
}

function isHeld(event: ModifierFacts, modifier: Modifier): boolean {
  switch (modifier) {
    case "Shift":
      return event.shiftKey;
    case "Control":
      return event.ctrlKey;
    case "Alt":
      return event.altKey;
    case "AltGraph":
      return event.getModifierState("AltGraph");
  }
}

/** Milliseconds for the wire; they wrap. */
export function timeOf(event?: Pick<Event, "timeStamp">): number {
  return Math.floor(event?.timeStamp ?? performance.now()) % 0x1_0000_0000;
}
