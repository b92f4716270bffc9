/** The person decides where the keyboard is: whatever programs do, and whatever a person did before. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId, WindowId } from "#shared/model/window.ts";
import { tries } from "#shared/testing/tries.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { type Activity, focusClaim } from "./activation.ts";
import { reduce } from "./reducer.ts";
import { type DesktopWindow, EMPTY, isShown, type WmAction, type WmState } from "./state.ts";
import { focusOf, parentOf } from "./transients.ts";

const VMS = ["home", "web", "mail"] as unknown as readonly VmId[];
const idOf = (n: number): WindowId => `w.${n}` as WindowId;
const SIZE = { width: 300, height: 200 };

/** The window manager with what it knows of the person, as the desktop puts them together. */
class World {
  state: WmState = EMPTY;
  activity: Activity | null = null;
  nowMs = 0;
  /** What a person did, told from outside: the window used last comes first. */
  used: WindowId[] = [];

  open(n: number, vm: VmId, change: Partial<GuestWindow> = {}): this {
    this.#do({ type: "opened", id: idOf(n), vm, guest: guestWindow(n, change) });
    const window = this.state.windows[idOf(n)];
    if (window === undefined || window.isMapped) return this;
    const cause = this.#claim(window);
    const focus = cause === null ? { takesFocus: false } : { takesFocus: true, cause };
    return this.#do({ type: "mapped", id: idOf(n), size: SIZE, ...focus, remembered: null });
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

  #claim(window: DesktopWindow): ReturnType<typeof focusClaim> {
    const { activity, nowMs } = this;
    const facts = { activity, nowMs, isPromptShown: false, isStarted: false, hadFocus: null };
    return focusClaim(window, this.state, facts);
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

/** All that a program, or its VM, can do. */
const guestAct: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(anyN, fc.constantFrom(...VMS), anyParent, fc.boolean()).map(
    ([n, vm, parent, modal]): Act =>
      (world) =>
        world.open(n, vm, { parent, modal }),
  ),
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
  fc.tuple(anyN, fc.integer({ min: 1, max: 3_000 })).map(
    ([n, side]): Act =>
      (world) =>
        world.says({ type: "sized", id: idOf(n), size: { width: side, height: side }, isAnswer: true }),
  ),
  fc.constantFrom(...VMS).map(
    (vm): Act =>
      (world) =>
        world.says({ type: "vmGone", vm }),
  ),
  fc.constantFrom(...VMS).map(
    (vm): Act =>
      (world) =>
        world.says({ type: "freeze", vm, frozen: { reason: "agent-lost", detail: "" } }),
  ),
  fc.integer({ min: 1, max: 40_000 }).map(
    (ms): Act =>
      (world) =>
        void (world.nowMs += ms),
  ),
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
);

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
            const before = Object.assign(new World(), { ...world, used: [...world.used] });
            act(world);
            rule(before, world);
          }
        },
      ),
      tries(500),
    );

  it("never takes the keyboard to another VM's window that no person has used, or that asks for attention", () => {
    check(({ state: before, used }, { state: after }) => {
      if (after.focused === null || before.keyboardVm === null || after.keyboardVm === before.keyboardVm) return;
      expect(used).toContain(after.focused);
      expect(before.windows[after.focused]?.needsAttention).toBe(false);
      expect(after.cause).toBe("inherited");
    });
  });

  it("leaves focus where it is, but for a window that goes, whose heir is the one that the rule names, and inside the VM", () => {
    check((before, { state: after }) => {
      const { focused } = before.state;
      if (after.focused === focused) return;
      const stays = focused === null ? undefined : after.windows[focused];
      const hasGone = focused !== null && (stays === undefined || !isShown(stays));
      if (hasGone) return expect(after.focused).toBe(heir(before, after));
      // A window of the VM that has the keyboard answers the person, or it is nobody's.
      const { keyboardVm } = before.state;
      expect(keyboardVm === null || after.keyboardVm === keyboardVm).toBe(true);
    });
  });

  it("never counts a window as used", () => {
    check(({ used, state: before }, { state: after }) => {
      expect(after.used).toEqual(used.filter((id) => after.windows[id] !== undefined));
      expect(before.used).toEqual(used);
    });
  });
});
