/** The person decides where the keyboard is: whatever programs do, and whatever a person did before. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId, WindowId } from "#shared/model/window.ts";
import { tries } from "#shared/testing/tries.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { type Activity, focusClaim, isLaunchFresh } from "./activation.ts";
import { reduce } from "./reducer.ts";
import {
  type DesktopWindow,
  EMPTY,
  type Held,
  isShown,
  type Remembered,
  type WmAction,
  type WmState,
} from "./state.ts";
import { focusOf, parentOf } from "./transients.ts";

const VMS = ["home", "web", "mail"] as unknown as readonly VmId[];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const RIGHT_EDGE = { top: false, bottom: false, left: false, right: true };
const SIZE = { width: 300, height: 200 };

/** A window whose link was lost, as it was then. */
interface Lost {
  n: number;
  vm: VmId;
  above: readonly WindowId[];
  wasFocused: boolean;
  isMinimized: boolean;
}

function rememberedOf(lost: Lost | null): Remembered | null {
  if (lost === null) return null;
  const { above, wasFocused, isMinimized } = lost;
  const free = { x: 100, y: 100, ...SIZE };
  return { free, placement: "free", isMinimized, keepsSize: true, back: { above, wasFocused } };
}

/** The window manager with what it knows of the person, as the desktop puts them together. */
class World {
  state: WmState = EMPTY;
  activity: Activity | null = null;
  nowMs = 0;
  /** What a person did, told from outside: the window used last comes first. */
  used: WindowId[] = [];
  /** When a program of that VM was launched which has opened no window yet. */
  launches: ReadonlyMap<VmId, number> = new Map();
  /** Windows whose link was lost. */
  lost: readonly Lost[] = [];
  /** Why the last window to open may have taken focus, beside what a person did before. */
  opened: { id: WindowId; launchedAtMs: number | null; lost: Lost | null } | null = null;

  get minimized(): number[] {
    return Object.values<DesktopWindow>(this.state.windows).flatMap(({ guest, isMinimized }) =>
      isMinimized ? [guest.surface] : [],
    );
  }

  /** As it is, for comparing it with what follows. */
  copy(): World {
    return Object.assign(new World(), this, { used: [...this.used] });
  }

  open(n: number, vm: VmId, change: Partial<GuestWindow> = {}, lost: Lost | null = null): this {
    return this.announce(n, vm, change).draw(n, lost);
  }

  /** A window without a frame. */
  announce(n: number, vm: VmId, change: Partial<GuestWindow> = {}): this {
    return this.#do({ type: "opened", id: idOf(n), vm, guest: guestWindow(n, change) });
  }

  /** Its first frame. */
  draw(n: number, lost: Lost | null = null): this {
    const window = this.state.windows[idOf(n)];
    if (window === undefined || window.isMapped) return this;
    const launchedAtMs = this.launches.get(window.vm) ?? null;
    this.launches = new Map([...this.launches].filter(([of]) => of !== window.vm));
    this.opened = { id: window.id, launchedAtMs, lost };
    const isStarted = launchedAtMs !== null && isLaunchFresh(launchedAtMs, this);
    const cause = this.#claim(window, isStarted, lost?.wasFocused ?? null);
    const focus = cause === null ? { takesFocus: false } : { takesFocus: true, cause };
    return this.#do({ type: "mapped", id: idOf(n), size: SIZE, ...focus, remembered: rememberedOf(lost) });
  }

  launch(vm: VmId): this {
    this.launches = new Map([...this.launches, [vm, this.nowMs]]);
    return this;
  }

  /** The VM's link is lost, and with it its windows. */
  lose(vm: VmId): this {
    const { windows, stack, focused } = this.state;
    const gone = stack.flatMap((id, level) => {
      const window = windows[id];
      if (window?.vm !== vm || !window.isMapped) return [];
      const { isMinimized, guest } = window;
      const above = stack.slice(0, level);
      return [{ n: guest.surface, vm, above, wasFocused: focused === id, isMinimized }];
    });
    this.lost = [...this.lost.filter((one) => one.vm !== vm), ...gone];
    return this.#do({ type: "vmGone", vm });
  }

  /** A window whose link was lost is there again; its program decides when. */
  comeBack(n: number): this {
    const lost = this.lost.find((one) => one.n === n);
    if (lost === undefined || this.state.windows[idOf(n)] !== undefined) return this;
    this.lost = this.lost.filter((one) => one !== lost);
    return this.open(n, lost.vm, {}, lost);
  }

  prompt(isShown: boolean): this {
    return this.#do({ type: "promptShown", isShown });
  }

  /** Its program shows again what was minimised. */
  unminimize(n: number): this {
    const window = this.state.windows[idOf(n)];
    if (window?.isMinimized !== true) return this;
    if (this.#claim(window) === null) this.#do({ type: "reappear", id: idOf(n) });
    return this.activate(n);
  }

  activate(n: number): this {
    const window = this.state.windows[idOf(n)];
    if (window === undefined) return this;
    const request = this.#claim(window);
    return this.#do(
      request === null ? { type: "demandAttention", id: idOf(n) } : { type: "focus", id: idOf(n), request },
    );
  }

  says(...actions: WmAction[]): this {
    for (const action of actions) this.#do(action);
    return this;
  }

  /** A person clicks into a window, or chooses it. */
  choose(n: number): this {
    this.#do({ type: "focus", id: idOf(n) });
    if (this.state.windows[idOf(n)]?.isMapped === true) this.#acted();
    return this;
  }

  press(): this {
    this.#do({ type: "used" });
    if (this.state.focused !== null) this.#acted();
    return this;
  }

  putAway(n: number): this {
    return this.#do({ type: "minimize", id: idOf(n) });
  }

  #acted(): void {
    const { focused, keyboardVm } = this.state;
    if (focused === null || keyboardVm === null) return;
    this.activity = { vm: keyboardVm, atMs: this.nowMs };
    this.used = [focused, ...this.used.filter((id) => id !== focused)];
  }

  #claim(window: DesktopWindow, isStarted = false, hadFocus: boolean | null = null): ReturnType<typeof focusClaim> {
    const { activity, nowMs, state } = this;
    return focusClaim(window, state, { activity, nowMs, isPromptShown: state.isPromptShown, isStarted, hadFocus });
  }

  #do(action: WmAction): this {
    this.state = reduce(this.state, action);
    this.used = this.used.filter((id) => this.state.windows[id] !== undefined);
    return this;
  }
}

const closed = (n: number): WmAction => ({ type: "closed", id: idOf(n) });
const away = (n: number): WmAction => ({ type: "minimize", id: idOf(n), isRequest: true });
const [HOME, WEB, MAIL] = VMS as readonly [VmId, VmId, VmId];

describe("when the window in use is closed or minimises itself, the keyboard goes", () => {
  for (const [by, ends] of [
    ["closed", closed],
    ["minimised", away],
  ] as const) {
    it(`to no window that nobody has used (${by})`, () => {
      const world = new World().open(1, HOME).choose(1).open(2, WEB).says(ends(1));
      expect(world.state).toMatchObject({ focused: null, cause: null, keyboardVm: HOME });
      // Nor does it take what nobody has.
      expect(world.open(3, WEB).activate(2).state.focused).toBeNull();
    });

    it(`to the window of another VM that a person used last, wherever it lies (${by})`, () => {
      const world = new World().open(1, HOME).choose(1).open(2, WEB).choose(2).open(3, MAIL).choose(3).choose(1);
      expect(world.says(ends(1)).state).toMatchObject({ focused: idOf(3), cause: "inherited" });
    });

    it(`but not to one that asks for attention (${by})`, () => {
      const world = new World().open(1, HOME).choose(1).open(2, WEB).choose(2).open(3, MAIL).choose(3).choose(1);
      expect(world.activate(3).says(ends(1)).state.focused).toBe(idOf(2));
    });

    it(`to a window of the same VM before all others (${by})`, () => {
      const world = new World().open(1, HOME).choose(1).open(2, HOME).open(4, WEB).choose(4).choose(2);
      expect(world.says(ends(2)).state).toMatchObject({ focused: idOf(1), cause: "inherited" });
    });
  }

  it("to no modal dialog that nobody has used, though its window was", () => {
    const modal = { parent: 1 as SurfaceId, modal: true };
    const world = new World().open(1, WEB).choose(1).open(3, HOME).choose(3).open(2, WEB, modal);
    expect(world.says(closed(3)).state.focused).toBeNull();
  });
});

it("a person who minimises a window has chosen what comes next", () => {
  const world = new World().open(1, HOME).choose(1).open(2, WEB).choose(2).putAway(2);
  expect(world.state).toMatchObject({ focused: idOf(1), cause: "person" });
});

it("a window that inherited focus has it by the person's act once the person has chosen it", () => {
  const world = new World().open(1, HOME).choose(1).open(2, WEB).choose(2).says(closed(2));
  expect(world.state.cause).toBe("inherited");
  expect(world.press().state.cause).toBe("inherited");
  expect(world.choose(1).state.cause).toBe("person");
});

describe("a window in the background that maximises itself", () => {
  const maximize: WmAction = { type: "place", id: idOf(2), placement: "maximized", isRequest: true };
  const background = (): World => new World().open(1, HOME).choose(1).open(2, WEB);
  const placementIn = (world: World): string | undefined => world.state.windows[idOf(2)]?.placement;

  it("is maximised when it is next used, by whatever act", () => {
    const world = background().says(maximize);
    expect(placementIn(world)).toBe("free");
    expect(placementIn(world.choose(2))).toBe("maximized");
    expect(
      placementIn(
        world
          .says({ type: "place", id: idOf(2), placement: "free" })
          .choose(1)
          .choose(2),
      ),
    ).toBe("free");
  });

  it("may take it back", () => {
    const back: WmAction = { ...maximize, placement: "free" };
    expect(placementIn(background().says(maximize, back).choose(2))).toBe("free");
  });

  it("also before its first frame, where it opens without focus", () => {
    const opened: WmAction = { type: "opened", id: idOf(2), vm: WEB, guest: guestWindow(2) };
    const mapped: WmAction = { type: "mapped", id: idOf(2), size: SIZE, takesFocus: false, remembered: null };
    const world = new World().open(1, HOME).choose(1).says(opened, maximize, mapped);
    expect(placementIn(world)).toBe("free");
    expect(placementIn(world.choose(2))).toBe("maximized");
  });

  it("is maximised at once where it is the one in use, or a dialog of it is", () => {
    expect(placementIn(background().choose(2).says(maximize))).toBe("maximized");
    const dialog = background()
      .choose(2)
      .open(3, WEB, { parent: 2 as SurfaceId })
      .choose(3);
    expect(placementIn(dialog.says(maximize))).toBe("maximized");
  });
});

const anyN = fc.integer({ min: 1, max: 7 });
const anyParent = fc.option(anyN).map((n) => n as SurfaceId | null);
type Act = (world: World) => void;

const opens: fc.Arbitrary<Act> = fc.tuple(anyN, fc.constantFrom(...VMS), anyParent, fc.boolean()).map(
  ([n, vm, parent, modal]): Act =>
    (world) =>
      world.open(n, vm, { parent, modal }),
);
/** A window whose program takes its time to draw, or never does. */
const announces: fc.Arbitrary<Act> = fc.tuple(anyN, fc.constantFrom(...VMS), anyParent, fc.boolean()).map(
  ([n, vm, parent, modal]): Act =>
    (world) =>
      world.announce(n, vm, { parent, modal }),
);
/** What else a program, or its VM, can do. */
const otherAct: fc.Arbitrary<Act> = fc.oneof(
  anyN.map(
    (n): Act =>
      (world) =>
        world.activate(n),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.says(closed(n)),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.says(away(n)),
  ),
  fc.tuple(anyN, anyParent, fc.boolean()).map(
    ([n, parent, modal]): Act =>
      (world) =>
        world.says({ type: "guestChanged", id: idOf(n), change: { parent, modal } }),
  ),
  fc.tuple(anyN, fc.constantFrom("maximized", "appFullscreen", "free")).map(
    ([n, placement]): Act =>
      (world) =>
        world.says({ type: "place", id: idOf(n), placement, isRequest: true }),
  ),
  fc.tuple(anyN, fc.integer({ min: 1, max: 3_000 }), fc.boolean()).map(
    ([n, side, isAnswer]): Act =>
      (world) =>
        world.says({ type: "sized", id: idOf(n), size: { width: side, height: side }, isAnswer }),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.draw(n),
  ),
  // It has let the time pass in which it could have drawn for a new size.
  anyN.map(
    (n): Act =>
      (world) =>
        world.says({ type: "arrived", id: idOf(n) }),
  ),
  fc.tuple(anyN, fc.string({ maxLength: 5 }), fc.boolean()).map(
    ([n, title, clientDecorated]): Act =>
      (world) =>
        world.says({ type: "guestChanged", id: idOf(n), change: { title, appId: title, clientDecorated } }),
  ),
  // A move or resize that it begins while a button is down in it.
  fc.tuple(anyN, fc.constantFrom<Held | null>({ kind: "move" }, { kind: "resize", edges: RIGHT_EDGE }, null)).map(
    ([n, held]): Act =>
      (world) =>
        world.says({ type: "hold", id: idOf(n), held }),
  ),
  fc.tuple(anyN, fc.integer({ min: -3_000, max: 3_000 })).map(
    ([n, x]): Act =>
      (world) =>
        world.says({ type: "moveTo", id: idOf(n), x, y: x }),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.says({ type: "raise", id: idOf(n) }),
  ),
  fc.constantFrom(...VMS).map(
    (vm): Act =>
      (world) =>
        world.says({ type: "vmGone", vm }),
  ),
  fc.constantFrom(...VMS).map(
    (vm): Act =>
      (world) =>
        world.lose(vm),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.comeBack(world.lost[n % world.lost.length]?.n ?? n),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.unminimize(world.minimized[n % world.minimized.length] ?? n),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.says({ type: "raise", id: idOf(n) }, { type: "demandAttention", id: idOf(n) }),
  ),
  // What it asks for may make the host ask the person.
  fc.boolean().map(
    (isShown): Act =>
      (world) =>
        world.prompt(isShown),
  ),
  fc.constantFrom(...VMS).map(
    (vm): Act =>
      (world) =>
        world.says({ type: "freeze", vm, frozen: { reason: "agent-lost", detail: "" } }),
  ),
  fc.constantFrom(100, 1_000, 10_000, 25_000).map(
    (ms): Act =>
      (world) =>
        void (world.nowMs += ms),
  ),
);
// Without windows nothing can be done to them.
const guestAct: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: opens, weight: 2 },
  { arbitrary: announces, weight: 1 },
  { arbitrary: otherAct, weight: 7 },
);
const personsAct: fc.Arbitrary<Act> = fc.oneof(
  anyN.map(
    (n): Act =>
      (world) =>
        world.choose(n),
  ),
  anyN.map(
    (n): Act =>
      (world) =>
        world.putAway(n),
  ),
  fc.constant<Act>((world) => world.press()),
  fc.constantFrom(...VMS).map(
    (vm): Act =>
      (world) =>
        world.launch(vm),
  ),
);

/** Whether the window that has opened last has focus for a launch, or because it had it when its link was lost. */
function isEntitled({ state: before, activity }: World, after: World): boolean {
  const { opened, nowMs } = after;
  // A modal dialog has focus in its window's place.
  if (opened === null || focusOf(after.state, opened.id) !== after.state.focused) return false;
  if (after.state.cause === "launch") {
    const { launchedAtMs } = opened;
    const hasActedSince = activity !== null && launchedAtMs !== null && activity.atMs > launchedAtMs;
    return launchedAtMs !== null && nowMs - launchedAtMs <= 30_000 && !hasActedSince;
  }
  const isChosen = before.focused !== null && before.cause !== "inherited";
  return opened.lost?.wasFocused === true && !isChosen && (activity === null || activity.vm === opened.lost.vm);
}

/** Whom the rule names once `before.focused` cannot have focus any more. */
function heir({ state: before, used }: World, after: WmState): WindowId | null {
  if (before.focused === null) return null;
  const vm = before.windows[before.focused]?.vm;
  const shown = (id: WindowId): boolean => {
    const window = after.windows[id];
    return window !== undefined && isShown(window);
  };
  const parent = parentOf(before, before.focused);
  if (after.windows[before.focused] === undefined && parent !== null && shown(parent)) return focusOf(after, parent);
  const calm = (id: WindowId): boolean => shown(id) && before.windows[id]?.needsAttention === false;
  const own = [...used, ...after.stack.toReversed()].find((id) => calm(id) && after.windows[id]?.vm === vm);
  if (own !== undefined) return focusOf(after, own);
  const known = used.filter((id) => calm(id));
  const [next] = known
    .map((id) => focusOf(after, id))
    .filter((id, at) => known.includes(id) && known[at] !== undefined);
  return next ?? null;
}

describe("any sequence of programs' acts", () => {
  const check = (rule: (before: World, after: World) => void): void =>
    fc.assert(
      fc.property(
        fc.array(fc.oneof(personsAct, guestAct), { maxLength: 30 }),
        fc.array(guestAct, { minLength: 1, maxLength: 12 }),
        (history, acts) => {
          const world = new World();
          for (const act of history) act(world);
          for (const act of acts) {
            const before = world.copy();
            world.opened = null;
            act(world);
            rule(before, world);
          }
        },
      ),
      tries(500),
    );

  it("never takes the keyboard to another VM's window that no person has used, or that asks for attention, but for a launch or a lost link", () => {
    check((before, after) => {
      const { focused, cause, keyboardVm } = after.state;
      if (focused === null || before.state.keyboardVm === null || keyboardVm === before.state.keyboardVm) return;
      if (isEntitled(before, after)) return;
      expect(before.used).toContain(focused);
      expect(before.state.windows[focused]?.needsAttention).toBe(false);
      expect(cause).toBe("inherited");
    });
  });

  it("leaves focus where it is, but for a window that goes, whose heir is the one that the rule names, and inside the VM", () => {
    check((before, world) => {
      const { state: after } = world;
      const { focused, keyboardVm, isPromptShown } = before.state;
      if (after.focused === focused) return;
      const stays = focused === null ? undefined : after.windows[focused];
      const hasGone = focused !== null && (stays === undefined || !isShown(stays));
      if (hasGone) return expect(after.focused).toBe(heir(before, after));
      // While a question waits, the window in use keeps the keyboard for afterwards; one that is back had it before.
      if (isPromptShown && focused !== null) expect(world.opened?.lost?.wasFocused).toBe(true);
      // A window of the VM that has the keyboard answers the person, or it is nobody's.
      expect(keyboardVm === null || after.keyboardVm === keyboardVm || isEntitled(before, world)).toBe(true);
    });
  });

  it("never counts a window as used", () => {
    check(({ used, state: before }, { state: after }) => {
      expect(after.used).toEqual(used.filter((id) => after.windows[id] !== undefined));
      expect(before.used).toEqual(used);
    });
  });
});
