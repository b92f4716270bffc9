// @vitest-environment happy-dom
// The whole desktop with a main and a guest that the test speaks for.
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AskedQuestion, AtollBridge, EventName, EventPayload } from "#shared/ipc/index.ts";
import type { LinkEvent, PageMessage } from "#shared/ipc/link-port.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { type SurfaceId, type WindowId, windowIdOf } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { Compositor } from "../compositor/compositor.ts";
import type { FromCompositor } from "../compositor/worker/messages.ts";
import { type Shell, ShellContext } from "../shell/shell.ts";
import { createShell } from "./create-shell.ts";
import { Desktop } from "./Desktop.tsx";

const HOME = "0a1b2c3d-0000-4000-8000-000000000000" as VmId;
const WEB = "ffffffff-0000-4000-8000-000000000000" as VmId;
const MARK = { words: "slow lantern", pattern: "0123abcd" };
const status = (id: VmId, name: string): VmStatus =>
  ({
    id,
    name,
    label: "lagoon",
    state: "running",
    stateReason: null,
    networkDetail: "",
    stateDetail: "",
    windows: 0,
  }) as VmStatus;

class FakeWorker {
  static last: FakeWorker;
  onmessage: ((event: { data: FromCompositor }) => void) | null = null;
  constructor() {
    FakeWorker.last = this;
  }
  postMessage(): void {}
}

/** The link's end of the page's port. */
class FakePort extends EventTarget {
  onmessage: ((event: { data: LinkEvent }) => void) | null = null;
  readonly heard: PageMessage[] = [];
  postMessage(message: PageMessage): void {
    this.heard.push(message);
  }
  close(): void {}
}

/** What the page says by itself that is looked at. */
const REPORTS = new Set(["question.shown", "desktop.partFailed", "clipboard.gesture"]);

/** main, as far as a prompt needs it. */
class FakeMain {
  readonly heard: string[] = [];
  /** Why no page can attach; null: one can. */
  refusal: string | null = null;
  #asked: (question: AskedQuestion) => void = () => undefined;
  #takenBack: (id: number) => void = () => undefined;
  readonly #listeners = new Map<string, (payload: unknown) => void>();
  #lastId = 0;
  readonly bridge = {
    request: (name: string, input: unknown) => {
      this.heard.push(`${name} ${JSON.stringify(input)}`);
      if (name !== "desktop.attach") return new Promise(() => undefined);
      if (this.refusal !== null) return Promise.resolve({ ok: false, error: { message: this.refusal } });
      const placements = { windows: [], apps: [] };
      const state = { vms: [status(HOME, "home"), status(WEB, "web")], theme: { choice: "dark", shown: "dark" } };
      return Promise.resolve({
        ok: true,
        value: { ...state, promptMark: MARK, problems: [], warnings: [], placements },
      });
    },
    report: (name: string, input: unknown) => {
      if (REPORTS.has(name)) this.heard.push(`${name} ${JSON.stringify(input)}`);
    },
    on: (name: string, listener: (payload: unknown) => void) => {
      this.#listeners.set(name, listener);
      return () => undefined;
    },
    onQuestion: (listener: (question: AskedQuestion) => void) => {
      this.#asked = listener;
    },
    onQuestionCancelled: (listener: (id: number) => void) => {
      this.#takenBack = listener;
    },
    answer: (id: number, answer: unknown) => void this.heard.push(`answer ${id} ${JSON.stringify(answer)}`),
  } as unknown as AtollBridge;

  askQuit(): number {
    const id = (this.#lastId += 1);
    this.#asked({ id, name: "quit", payload: { vms: [HOME, WEB] } });
    return id;
  }

  askKill(): number {
    const id = (this.#lastId += 1);
    this.#asked({ id, name: "vm.kill", payload: { vm: WEB } });
    return id;
  }

  askWhetherToWait(): number {
    const id = (this.#lastId += 1);
    this.#asked({ id, name: "quitting", payload: { vms: [HOME, WEB] } });
    return id;
  }

  /** A question that is not as it is declared. */
  askBadly(name: AskedQuestion["name"]): number {
    const id = (this.#lastId += 1);
    this.#asked({ id, name, payload: {} } as unknown as AskedQuestion);
    return id;
  }

  takeBack(id: number): void {
    this.#takenBack(id);
  }

  tell<Name extends EventName>(name: Name, payload: EventPayload<Name>): void {
    this.#listeners.get(name)?.(payload);
  }
}

let root: Root;
let main: FakeMain;
let shell: Shell;
let guest: FakePort;
let session = 0;
/** Each desktop listens to the page: those of former tests must not. */
let listeners: AbortController;
const listen = window.addEventListener.bind(window);

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.stubGlobal("Worker", FakeWorker);
  HTMLCanvasElement.prototype.transferControlToOffscreen = () => ({}) as OffscreenCanvas;
  listeners = new AbortController();
  vi.spyOn(window, "addEventListener").mockImplementation((type: string, handler: unknown, options: unknown) =>
    listen(type as "blur", handler as () => void, {
      ...(typeof options === "object" ? options : { capture: options === true }),
      signal: listeners.signal,
    }),
  );
  session = 0;
  main = new FakeMain();
  const created = createShell({ bridge: main.bridge, compositor: new Compositor() });
  shell = created.shell;
  root = createRoot(document.body.appendChild(document.createElement("div")));
  await act(async () => {
    root.render(
      <ShellContext value={shell}>
        <Desktop />
      </ShellContext>,
    );
    await created.start();
  });
  guest = connect(HOME);
  show(1);
  main.heard.length = 0;
});

afterEach(() => {
  act(() => root.unmount());
  listeners.abort();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

function connect(vm: VmId): FakePort {
  const [events, pixels] = [new FakePort(), new FakePort()];
  const message = new MessageEvent("message", { data: { type: "atoll.link-ports", vm } });
  Object.defineProperties(message, { ports: { value: [events, pixels] }, source: { value: window } });
  window.dispatchEvent(message);
  session += 1;
  events.onmessage?.({ data: { type: "attached" } });
  return events;
}

/** A program of `home` shows a window. */
function show(n: number): WindowId {
  const surface = n as SurfaceId;
  const opened = guestWindow(n, { title: `window ${n}`, appId: "a" });
  act(() => {
    guest.onmessage?.({ data: { type: "windowOpened", window: opened } });
    const size = { serial: 1, width: 300, height: 200, scale: 1, logicalWidth: 300, logicalHeight: 200 };
    const frame = { ...size, geometry: null, configureSerial: 1 };
    const data = { type: "frameChanged", session, surface, frame } as unknown as FromCompositor;
    FakeWorker.last.onmessage?.({ data });
  });
  return windowIdOf(HOME, surface);
}

function key(type: "keydown" | "keyup", code: string, name = code, held: KeyboardEventInit = {}): void {
  const event = new KeyboardEvent(type, { code, key: name, bubbles: true, cancelable: true, ...held });
  act(() => void (document.activeElement ?? document.body).dispatchEvent(event));
}

function tapSuper(): void {
  key("keydown", "MetaLeft", "Meta", { metaKey: true });
  key("keyup", "MetaLeft", "Meta");
}

const keysOfGuest = (): number[] =>
  guest.heard.splice(0).flatMap((message) => (message.type === "key" ? [message.code] : []));
const titles = (): (string | null)[] =>
  [...document.querySelectorAll(".prompt-title")].map((title) => title.textContent);
const button = (text: string): HTMLButtonElement =>
  [...document.querySelectorAll("button")].find(({ textContent }) => textContent === text) ?? expect.fail(`no ${text}`);

/** What happens by itself meanwhile is no act of the test. */
async function eventually(check: () => void): Promise<void> {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", false);
  await vi.waitFor(check);
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
}

const isFocused = (text: string): Promise<void> =>
  eventually(() => expect(document.activeElement?.textContent).toBe(text));

async function askQuit(): Promise<void> {
  act(() => void main.askQuit());
  await isFocused("Cancel");
}

/** Its buttons act only a second after it has come up. */
async function press(text: string): Promise<void> {
  await eventually(() => expect(button(text).disabled).toBe(false));
  await act(async () => button(text).click());
}

describe("while a prompt is shown", () => {
  beforeEach(askQuit);

  it("the mark that main has is shown, and no window fills the screen until it is answered", () => {
    expect(document.querySelector('[role="alertdialog"] [data-part="mark"]')?.textContent).toContain("slow lantern");
    const id = windowIdOf(HOME, 1 as SurfaceId);
    const shownAs = () => shell.wm.getState().windows[id]?.shownAs;
    act(() => {
      shell.commands.toggleFullscreen(id);
      shell.wm.dispatch({ type: "arrived", id });
    });
    expect(shownAs()).toBe("maximized");
    act(() => button("Cancel").click());
    expect(shownAs()).toBe("userFullscreen");
  });

  it("main knows that it is", () => {
    expect(main.heard).toEqual(['question.shown {"id":1}']);
  });

  it("Super, Alt+Tab and the host's other shortcuts do nothing, and it stays", () => {
    tapSuper();
    key("keydown", "Tab", "Tab", { altKey: true });
    key("keyup", "AltLeft", "Alt");
    key("keydown", "KeyB", "b", { metaKey: true });
    key("keydown", "Space", " ", { altKey: true });
    key("keydown", "KeyQ", "q", { metaKey: true });
    expect(titles()).toEqual(["Quit Atoll?"]);
    expect(shell.overlays.getState().overlay).toBeNull();
    expect(shell.wmOverlays.getState().switcher).toBeNull();
    expect(guest.heard.some(({ type }) => type === "close")).toBe(false);
  });

  it("no guest gets a key, whatever has DOM focus, and afterwards the window that had focus gets them", async () => {
    guest.heard.length = 0;
    key("keydown", "KeyA", "a");
    (document.activeElement as HTMLElement).blur();
    key("keydown", "KeyB", "b");
    expect(keysOfGuest()).toEqual([]);
    act(() => button("Cancel").click());
    expect(titles()).toEqual([]);
    key("keydown", "KeyC", "c");
    expect(keysOfGuest()).toEqual([46]);
  });

  it("a window that opens, and one whose program asks for focus, change neither it nor the focused window", () => {
    const first = windowIdOf(HOME, 1 as SurfaceId);
    const second = show(2);
    act(() =>
      guest.onmessage?.({ data: { type: "windowRequested", surface: 2 as SurfaceId, request: { kind: "activate" } } }),
    );
    const { focused, windows } = shell.wm.getState();
    expect([focused, windows[second]?.needsAttention]).toEqual([first, true]);
    expect(titles()).toEqual(["Quit Atoll?"]);
    expect(document.activeElement?.textContent).toBe("Cancel");
  });

  it("a window that opens does not take focus either where the person acted in its VM just before", async () => {
    act(() => button("Cancel").click());
    key("keydown", "KeyC", "c");
    expect(keysOfGuest()).toEqual([46]);
    await askQuit();
    show(2);
    expect(shell.wm.getState().focused).toBe(windowIdOf(HOME, 1 as SurfaceId));
    act(() => button("Cancel").click());
    // Without a prompt it does.
    const third = show(3);
    expect(shell.wm.getState().focused).toBe(third);
  });

  it("the pointer reaches no guest", () => {
    guest.heard.length = 0;
    const canvas = document.querySelector(".guest-content canvas") ?? expect.fail("no canvas");
    act(() => void canvas.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, button: 0, buttons: 1 })));
    expect(guest.heard).toEqual([]);
    expect(titles()).toEqual(["Quit Atoll?"]);
  });

  it("another one waits for its turn, and has the keyboard then", async () => {
    act(() => void main.askKill());
    expect(main.heard.at(-1)).toBe('question.shown {"id":2}');
    expect(titles()).toEqual(["Quit Atoll?"]);
    act(() => button("Cancel").click());
    expect(titles()).toEqual(["Kill “web”?"]);
    await isFocused("Cancel");
    await press("Kill");
    expect(main.heard.slice(2)).toEqual(["answer 1 null", "answer 2 true"]);
  });

  it("main takes it back without an answer, in its turn or before", async () => {
    act(() => void main.askKill());
    act(() => main.takeBack(2));
    expect(titles()).toEqual(["Quit Atoll?"]);
    await act(async () => main.takeBack(1));
    expect(titles()).toEqual([]);
    expect(main.heard.some((message) => message.startsWith("answer"))).toBe(false);
  });

  it("the answer reaches main, and while the VMs shut down a person need not wait for them", async () => {
    await press("Shut down");
    expect(main.heard.at(-1)).toBe('answer 1 {"vms":"stop","remember":false}');
    act(() => void main.askWhetherToWait());
    expect(titles()).toEqual(["The VMs are shutting down"]);
    await press("Quit now, keep them running");
    expect(main.heard.at(-1)).toBe('answer 2 "quit-now"');
    expect(titles()).toEqual([]);
  });
});

describe("a prompt that cannot be shown", () => {
  beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());

  it.each([
    ["crossing", '"deny"'],
    ["open.choose", "null"],
    ["quit", "null"],
    ["transfer.target", "null"],
    ["vm.kill", "false"],
  ] as const)("is denied, without having been on the screen: %s", async (name, denial) => {
    await act(async () => void main.askBadly(name));
    expect(main.heard.map((message) => message.split(" ", 1)[0])).toEqual(["desktop.partFailed", "answer"]);
    expect(main.heard.at(-1)).toBe(`answer 1 ${denial}`);
    expect(titles()).toEqual([]);
  });

  it("is put away where there is no denial, and the next one has its turn", async () => {
    await act(async () => {
      main.askBadly("quitting");
      main.askKill();
    });
    expect(titles()).toEqual(["Kill “web”?"]);
    expect(main.heard.filter((message) => message.startsWith("answer"))).toEqual([]);
    await act(async () => button("Cancel").click());
    expect(main.heard.at(-1)).toBe("answer 2 false");
    // Whatever it was: the windows are there, and the focused one has the keyboard again.
    expect(document.querySelector(".guest-content canvas")).not.toBeNull();
    main.heard.length = 0;
    guest.heard.length = 0;
    key("keydown", "KeyC", "c");
    expect(keysOfGuest()).toEqual([46]);
  });
});

it("main hears once that the worker which draws windows has failed, and the person, too", async () => {
  for (const detail of ["no memory", "no memory"])
    await act(async () => FakeWorker.last.onmessage?.({ data: { type: "failed", detail } }));
  expect(main.heard).toEqual(['desktop.partFailed {"part":"The compositor","detail":"no memory"}']);
  expect(document.querySelector(".notice-text")?.textContent).toMatch(/^Windows may not be drawn/u);
});

describe("a prompt that opens", () => {
  it("closes the launcher and the switcher, and ends a window's move", async () => {
    tapSuper();
    expect(shell.overlays.getState().overlay?.kind).toBe("launcher");
    await askQuit();
    expect(shell.overlays.getState().overlay).toBeNull();
    act(() => button("Cancel").click());

    key("keydown", "Tab", "Tab", { altKey: true });
    expect(shell.wmOverlays.getState().switcher).not.toBeNull();
    await askQuit();
    expect(shell.wmOverlays.getState().switcher).toBeNull();
    act(() => button("Cancel").click());

    shell.drag.moveByKeys(windowIdOf(HOME, 1 as SurfaceId));
    expect(document.documentElement.dataset["gesture"]).toBe("move");
    await askQuit();
    expect(document.documentElement.dataset["gesture"]).toBeUndefined();
  });
});

describe("the host's keys for what crosses", () => {
  const withSuper = (code: string): void => key("keydown", code, code, { metaKey: true });
  const overlay = (): string | undefined => shell.overlays.getState().overlay?.kind;

  it("Super+P opens the sheet and closes it; meanwhile no guest gets a key, afterwards the same one does", () => {
    keysOfGuest();
    withSuper("KeyP");
    expect([overlay(), document.querySelector(".sheet") !== null]).toEqual(["sheet", true]);
    key("keydown", "KeyA", "a");
    key("keyup", "KeyA", "a");
    expect(keysOfGuest()).toEqual([]);
    withSuper("KeyP");
    expect(overlay()).toBeUndefined();
    key("keydown", "KeyA", "a");
    expect(keysOfGuest()).toEqual([30]);
  });

  it("Super+P does not take the place of what is open", () => {
    act(() => shell.overlays.open({ kind: "shortcuts" }));
    withSuper("KeyP");
    expect(overlay()).toBe("shortcuts");
    act(() => shell.overlays.close());
  });

  it("Super+V shows what was copied; Super+C copies to this computer from the focused window's VM", () => {
    withSuper("KeyV");
    expect(overlay()).toBe("clip-history");
    act(() => shell.overlays.close());
    main.heard.length = 0;
    withSuper("KeyC");
    expect(main.heard).toEqual([`clipboard.copyToHost ${JSON.stringify({ vm: HOME })}`]);
  });

  it("a paste in a window is told to main: by the chords that the settings name, and by the middle button", () => {
    const gesture = (kind: string, chord?: number): string =>
      `clipboard.gesture ${JSON.stringify({ window: windowIdOf(HOME, 1 as SurfaceId), kind, chord })}`;
    const withControl = (code: string, name: string): void => key("keydown", code, name, { ctrlKey: true });
    withControl("KeyV", "v");
    expect(main.heard.splice(0)).toEqual([gesture("keys", 1)]);
    act(() => main.tell("clipboard.changed", { current: null, waiting: [], pasteKeys: ["Ctrl+Y"] }));
    withControl("KeyV", "v");
    expect(main.heard).toEqual([]);
    withControl("KeyY", "y");
    expect(main.heard.splice(0)).toEqual([gesture("keys", 2)]);
    const canvas = document.querySelector(".guest-content canvas") ?? expect.fail("no canvas");
    const middle = new PointerEvent("pointerdown", { bubbles: true, button: 1, buttons: 4 });
    // happy-dom's has none.
    Object.defineProperty(middle, "getModifierState", { value: () => false });
    act(() => void canvas.dispatchEvent(middle));
    expect(main.heard).toEqual([gesture("middle", 3)]);
  });

  it("a rule that an answer has written is the last change, which Undo takes back; a change elsewhere is not one of the page", async () => {
    act(() => main.tell("policy.changed", { written: null }));
    await act(() => shell.policyChanges.undo());
    expect(main.heard).toEqual([]);
    act(() => main.tell("policy.changed", { written: { change: 7, rule: { line: 3, text: "a rule" } } }));
    expect(shell.policyChanges.getState().done).toEqual([{ change: 7, words: "“Always” wrote line 3." }]);
    act(() => void shell.policyChanges.undo());
    expect(main.heard).toEqual([`policy.undo ${JSON.stringify({ change: 7 })}`]);
  });
});

it("a page that main does not take says why: it has no VM, and gets none", async () => {
  const other = new FakeMain();
  other.refusal = "Another page is attached.";
  const { shell: refused, start } = createShell({ bridge: other.bridge, compositor: new Compositor() });
  const told = vi.spyOn(refused.notices, "show").mockReturnValue();
  await start();
  expect(told.mock.calls).toEqual([["Another page is attached."]]);
});
