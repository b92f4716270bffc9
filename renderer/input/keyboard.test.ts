// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, SurfaceId } from "#shared/model/window.ts";
import { ActivityTracker } from "./activity.ts";
import type { HostShortcut } from "./host-keys.ts";
import { EVDEV_CODES } from "./key-codes.ts";
import { Keyboard, type KeySession } from "./keyboard.ts";

const NAMES = new Map(Object.entries(EVDEV_CODES).map(([name, code]) => [code, name]));

/** A VM that writes down what it is sent: "+KeyA" pressed, "-KeyA" released, "=KeyA" repeated, "@7" focus on surface 7. */
class Guest implements KeySession {
  readonly vm: VmId;
  readonly heard: string[] = [];
  constructor(name: string) {
    this.vm = name as VmId;
  }

  send(command: LinkCommand): void {
    if (command.type === "keyboardFocus") this.heard.push(`@${command.surface ?? "-"}`);
    if (command.type !== "key") return;
    const sign = { pressed: "+", released: "-", repeated: "=" }[command.state];
    this.heard.push(sign + (NAMES.get(command.code) ?? command.code));
  }

  /** What it heard since it was last asked. */
  said(): string {
    return this.heard.splice(0).join(" ");
  }
}

let page: EventTarget;
let activity: ActivityTracker;
let keyboard: Keyboard;
let shortcuts: HostShortcut[];
/** What the guest had got before each paste was told. */
let pastes: string[] = [];
let taps: number;
let nowMs: number;
let uses: number;
let home: Guest;
let web: Guest;

const surface = (id: number): SurfaceId => id as SurfaceId;

interface Held {
  shiftKey?: boolean;
  ctrlKey?: boolean;
  altKey?: boolean;
  metaKey?: boolean;
  repeat?: boolean;
  locked?: string[];
}

function event(type: string, code: string, key: string, { locked = [], ...held }: Held = {}): KeyboardEvent {
  const made = new KeyboardEvent(type, { code, key, cancelable: true, ...held });
  Object.defineProperty(made, "getModifierState", { value: (name: string) => locked.includes(name) });
  return made;
}

const down = (code: string, key: string, held?: Held): KeyboardEvent => {
  const made = event("keydown", code, key, held);
  page.dispatchEvent(made);
  return made;
};
const up = (code: string, key: string, held?: Held): void => void page.dispatchEvent(event("keyup", code, key, held));

beforeEach(() => {
  page = new EventTarget();
  shortcuts = [];
  pastes = [];
  taps = 0;
  nowMs = 10_000;
  uses = 0;
  activity = new ActivityTracker(() => (uses += 1));
  keyboard = new Keyboard(
    activity,
    {
      superTapped: () => (taps += 1),
      shortcutPressed: (shortcut) => shortcuts.push(shortcut),
      pastePressed: (session) => pastes.push(`${session.vm} after ${home.said()}`),
    },
    page,
    () => nowMs,
  );
  home = new Guest("home");
  web = new Guest("web");
  keyboard.setTarget({ session: home, surface: surface(7) });
  home.said();
});

describe("keys", () => {
  it("go to the focused window's VM and to no other, and not into the page", () => {
    expect(down("KeyA", "a").defaultPrevented).toBe(true);
    up("KeyA", "a");
    expect(home.said()).toBe("+KeyA -KeyA");
    expect(web.said()).toBe("");
    expect(activity.last?.vm).toBe("home");
  });

  it("that are down are released where they were pressed before another window gets the keys", () => {
    down("KeyA", "a");
    keyboard.setTarget({ session: web, surface: surface(3) });
    expect(home.said()).toBe("+KeyA -KeyA @-");
    expect(web.said()).toBe("@3");
    // Its repeats and its release go nowhere.
    down("KeyA", "a", { repeat: true });
    up("KeyA", "a");
    expect(web.said()).toBe("");
  });

  it("are released when the desktop loses focus, or a part of the host takes the keyboard", () => {
    down("KeyA", "a");
    page.dispatchEvent(new Event("blur"));
    expect(home.said()).toBe("+KeyA -KeyA");
    down("KeyB", "b");
    keyboard.setHeldByHost("launcher", true);
    expect(home.said()).toBe("+KeyB -KeyB");
    expect(down("KeyC", "c").defaultPrevented).toBe(false);
    expect(home.said()).toBe("");
  });

  it("stay with the host until every part of it has released them", () => {
    keyboard.setHeldByHost("launcher", true);
    keyboard.setHeldByHost("prompt", true);
    keyboard.setHeldByHost("launcher", false);
    down("KeyC", "c");
    expect(home.said()).toBe("");
    keyboard.setHeldByHost("prompt", false);
    down("KeyC", "c");
    expect(home.said()).toBe("+KeyC");
  });

  it("repeat as the host says", () => {
    down("KeyA", "a");
    down("KeyA", "a", { repeat: true });
    expect(home.said()).toBe("+KeyA =KeyA");
  });

  it("of an input tool that leaves Shift out arrive with it", () => {
    down("KeyA", "A");
    up("KeyA", "A");
    expect(home.said()).toBe("+ShiftLeft +KeyA -ShiftLeft -KeyA");
  });

  it("take the page's own focus away from the host's button that was used last", () => {
    const button = document.createElement("button");
    document.body.append(button);
    button.focus();
    down("Enter", "Enter");
    expect(document.activeElement).not.toBe(button);
    expect(home.said()).toBe("+Enter");
  });

  it("all go to whoever captures them, until it lets go", () => {
    const seen: string[] = [];
    down("KeyA", "a");
    const release = keyboard.capture((key) => seen.push(`${key.type} ${key.code}`));
    up("KeyA", "a");
    down("Tab", "Tab", { altKey: true });
    expect(home.said()).toBe("+KeyA -KeyA");
    expect(seen).toEqual(["keyup KeyA", "keydown Tab"]);
    expect(shortcuts).toEqual([]);
    release();
    down("KeyB", "b");
    expect(home.said()).toBe("+KeyB");
  });
});

describe("a paste chord", () => {
  const held = { ctrlKey: true };

  it("is told before its key goes to the guest, once, and not again while it repeats", () => {
    down("ControlLeft", "Control", held);
    down("KeyV", "v", held);
    expect(pastes).toEqual(["home after +ControlLeft"]);
    expect(home.said()).toBe("+KeyV");
    down("KeyV", "v", { ...held, repeat: true });
    expect(pastes).toHaveLength(1);
  });

  it("is what the settings say", () => {
    keyboard.setPasteKeys(["Ctrl+Y"]);
    down("KeyV", "v", held);
    expect(pastes).toEqual([]);
    down("KeyY", "y", held);
    expect(pastes).toHaveLength(1);
  });

  it("counts only where its key goes to a guest", () => {
    keyboard.setHeldByHost("launcher", true);
    down("KeyV", "v", held);
    keyboard.setHeldByHost("launcher", false);
    keyboard.setPromptShown(true);
    down("KeyV", "v", held);
    keyboard.setPromptShown(false);
    keyboard.vmChanged("inherited");
    down("KeyV", "v", held);
    keyboard.setTarget(null);
    nowMs += 1_000;
    down("KeyV", "v", held);
    expect(pastes).toEqual([]);
  });
});

describe("modifiers", () => {
  it("held while another window gets the keys are pressed there with the next key, and released with the person's hand", () => {
    down("ControlLeft", "Control", { ctrlKey: true });
    keyboard.setTarget({ session: web, surface: surface(3) });
    expect(home.said()).toBe("+ControlLeft -ControlLeft @-");
    down("KeyC", "c", { ctrlKey: true });
    up("KeyC", "c", { ctrlKey: true });
    up("ControlLeft", "Control");
    expect(web.said()).toBe("@3 +ControlLeft +KeyC -KeyC -ControlLeft");
  });

  it("go with a click", () => {
    keyboard.alignWith(event("pointerdown", "", "", { ctrlKey: true }));
    expect(home.said()).toBe("+ControlLeft");
    keyboard.alignWith(event("pointerdown", "", ""));
    expect(home.said()).toBe("-ControlLeft");
  });

  it("whose release the host never saw do not stick", () => {
    down("AltLeft", "Alt", { altKey: true });
    down("KeyA", "a");
    expect(home.said()).toBe("+AltLeft -AltLeft +KeyA");
  });

  it("stay down while one of the two keys is", () => {
    down("ShiftLeft", "Shift", { shiftKey: true });
    down("ShiftRight", "Shift", { shiftKey: true });
    up("ShiftLeft", "Shift", { shiftKey: true });
    down("KeyA", "A", { shiftKey: true });
    expect(home.said()).toBe("+ShiftLeft +ShiftRight -ShiftLeft +KeyA");
  });

  it("AltGr stays what it is", () => {
    down("AltRight", "AltGraph");
    down("KeyQ", "@", { locked: ["AltGraph"] });
    up("KeyQ", "@", { locked: ["AltGraph"] });
    up("AltRight", "AltGraph");
    expect(home.said()).toBe("+AltRight +KeyQ -KeyQ -AltRight");
  });
});

describe("locks", () => {
  it("that were set elsewhere are set in a VM before its next character", () => {
    down("KeyA", "A", { locked: ["CapsLock"] });
    expect(home.said()).toBe("+CapsLock -CapsLock +KeyA");
    keyboard.setTarget({ session: web, surface: surface(3) });
    web.said();
    down("KeyB", "B", { locked: ["CapsLock"] });
    expect(web.said()).toBe("+CapsLock -CapsLock +KeyB");
    down("KeyC", "c");
    expect(web.said()).toBe("+CapsLock -CapsLock +KeyC");
  });

  it("that the VM saw itself are not set twice", () => {
    down("CapsLock", "CapsLock");
    up("CapsLock", "CapsLock", { locked: ["CapsLock"] });
    down("KeyA", "A", { locked: ["CapsLock"] });
    expect(home.said()).toBe("+CapsLock -CapsLock +KeyA");
  });

  it("for digits are set when the digits' keys are used", () => {
    down("KeyA", "a", { locked: ["NumLock"] });
    expect(home.said()).toBe("+KeyA");
    down("Numpad4", "4", { locked: ["NumLock"] });
    expect(home.said()).toBe("+NumLock -NumLock +Numpad4");
  });
});

describe("the host's shortcuts", () => {
  it("never reach a guest: Super with any key, Alt with Tab, F4 and Space", () => {
    down("MetaLeft", "Meta", { metaKey: true });
    down("KeyL", "l", { metaKey: true });
    up("KeyL", "l", { metaKey: true });
    up("MetaLeft", "Meta");
    expect(home.said()).toBe("");
    expect(shortcuts).toEqual([{ modifier: "Meta", code: "KeyL", isShift: false }]);
    expect(taps).toBe(0);
    for (const code of ["Tab", "F4", "Space"]) down(code, code, { altKey: true });
    expect(shortcuts.slice(1).map(({ code }) => code)).toEqual(["Tab", "F4", "Space"]);
    expect(home.said()).toBe("");
  });

  it("Super alone is a tap, but not around a click", () => {
    down("MetaLeft", "Meta", { metaKey: true });
    up("MetaLeft", "Meta");
    expect(taps).toBe(1);
    down("MetaLeft", "Meta", { metaKey: true });
    page.dispatchEvent(new Event("pointerdown"));
    up("MetaLeft", "Meta");
    expect(taps).toBe(1);
  });

  it("leave no lone Alt behind, which would open the program's menu", () => {
    down("AltLeft", "Alt", { altKey: true });
    down("Tab", "Tab", { altKey: true });
    up("AltLeft", "Alt");
    expect(home.said()).toBe("+AltLeft +240 -240 -AltLeft");
  });

  it("Alt alone, and Alt with a letter, are the program's", () => {
    down("AltLeft", "Alt", { altKey: true });
    up("AltLeft", "Alt");
    expect(home.said()).toBe("+AltLeft -AltLeft");
    down("AltLeft", "Alt", { altKey: true });
    down("KeyF", "f", { altKey: true });
    expect(home.said()).toBe("+AltLeft +KeyF");
    expect(shortcuts).toEqual([]);
  });
});

describe("while a prompt is shown", () => {
  beforeEach(() => {
    down("KeyA", "a");
    down("MetaLeft", "Meta", { metaKey: true });
    keyboard.setPromptShown(true);
    home.said();
  });

  it("no guest gets a key, and the prompt's buttons do", () => {
    for (const [code, key] of [
      ["Enter", "Enter"],
      ["Tab", "Tab"],
      ["KeyB", "b"],
    ] as const)
      expect(down(code, key).defaultPrevented).toBe(false);
    expect(home.said()).toBe("");
  });

  it("Super and the host's shortcuts do nothing, and a key that was down before it opened does nothing when it goes up", () => {
    up("MetaLeft", "Meta");
    expect(down("MetaLeft", "Meta", { metaKey: true }).defaultPrevented).toBe(true);
    up("MetaLeft", "Meta");
    for (const code of ["Tab", "F4", "Space"]) expect(down(code, code, { altKey: true }).defaultPrevented).toBe(true);
    up("KeyA", "a");
    expect([taps, shortcuts, home.said()]).toEqual([0, [], ""]);
  });

  it("whoever has captured the keys does not get them", () => {
    const seen: string[] = [];
    keyboard.capture((key) => seen.push(key.code));
    expect(down("Enter", "Enter").defaultPrevented).toBe(false);
    expect(seen).toEqual([]);
  });

  it("another window may become the focused one; it gets the keys that are pressed after the answer", () => {
    keyboard.setTarget({ session: web, surface: surface(3) });
    down("KeyB", "b");
    keyboard.setPromptShown(false);
    up("KeyB", "b");
    down("KeyC", "c");
    expect(web.said()).toBe("@3 +KeyC");
  });
});

describe("after a window of another VM got focus by no act of a person", () => {
  /** `home` has lost focus to `web`. */
  const lost = (cause: FocusCause): void => {
    keyboard.setTarget({ session: web, surface: surface(3) });
    keyboard.vmChanged(cause);
    expect(web.said()).toBe("@3");
  };
  const tap = (code: string, key: string): void => {
    down(code, key);
    up(code, key);
  };

  it("keys are dropped until none was pressed for a while", () => {
    lost("inherited");
    for (const afterMs of [0, 100, 399, 399]) {
      nowMs += afterMs;
      tap("KeyA", "a");
    }
    expect([web.said(), uses, activity.last]).toEqual(["", 0, null]);
    nowMs += 400;
    tap("KeyB", "b");
    tap("KeyC", "c");
    expect([web.said(), uses]).toEqual(["+KeyB -KeyB +KeyC -KeyC", 2]);
  });

  it("a key that is held repeats in vain, and its release says nothing; so does a modifier", () => {
    down("KeyA", "a");
    lost("inherited");
    for (let times = 0; times < 30; times += 1) {
      nowMs += 33;
      down("KeyA", "a", { repeat: true });
    }
    down("ShiftLeft", "Shift", { shiftKey: true });
    up("KeyA", "a");
    up("ShiftLeft", "Shift");
    expect([home.said(), web.said()]).toEqual(["+KeyA -KeyA @-", ""]);
    // One that was pressed meanwhile and is held: the guest has no press of it to repeat.
    down("KeyB", "b");
    nowMs += 400;
    down("KeyB", "b", { repeat: true });
    up("KeyB", "b");
    expect(web.said()).toBe("");
  });

  it("a modifier that is still held counts for the first key that is not dropped", () => {
    lost("inherited");
    down("ControlLeft", "Control", { ctrlKey: true });
    nowMs += 400;
    down("KeyD", "d", { ctrlKey: true });
    expect(web.said()).toBe("+ControlLeft +KeyD");
  });

  it("the host's keys work, and count as typing", () => {
    lost("inherited");
    nowMs += 399;
    down("Tab", "Tab", { altKey: true });
    nowMs += 399;
    tap("KeyA", "a");
    expect([shortcuts.length, web.said()]).toEqual([1, ""]);
  });

  it("a person who chooses the window ends it", () => {
    lost("inherited");
    keyboard.vmChanged("person");
    tap("KeyA", "a");
    expect(web.said()).toBe("+KeyA -KeyA");
  });

  it("a window that a launch has brought up gets all but what is being typed in that moment", () => {
    tap("KeyA", "a");
    home.said();
    nowMs += 399;
    lost("launch");
    tap("KeyB", "b");
    expect(web.said()).toBe("");
    nowMs += 400;
    tap("KeyC", "c");
    expect(web.said()).toBe("+KeyC -KeyC");
    keyboard.setTarget({ session: home, surface: surface(7) });
    nowMs += 400;
    keyboard.vmChanged("launch");
    home.said();
    tap("KeyD", "d");
    expect(home.said()).toBe("+KeyD -KeyD");
  });
});
