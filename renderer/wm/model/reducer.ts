/** The window manager's next state after each event. Pure: effects (configures, focus, credits) follow from the change. */
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, Rect, Size, WindowId } from "#shared/model/window.ts";
import {
  boundedSide,
  contentIn,
  fill,
  isFixedSize,
  isInside,
  keepInside,
  keepReachable,
  outerOf,
  place,
} from "./geometry.ts";
import { heirOf } from "./heirs.ts";
import {
  type DesktopWindow,
  frameOf,
  frameRectOf,
  isShown,
  type Placement,
  type Remembered,
  shownFor,
  targetOf,
  type WmAction,
  type WmState,
} from "./state.ts";
import { focusOf, minimizedWith, parentOf, raisedWith, shownWith } from "./transients.ts";

export function reduce(state: WmState, action: WmAction): WmState {
  switch (action.type) {
    case "workAreaChanged":
      return workAreaChanged(state, action.workArea);
    case "promptShown":
      return promptShown(state, action.isShown);
    case "opened": {
      if (state.windows[action.id] !== undefined) return state;
      const window: DesktopWindow = {
        id: action.id,
        vm: action.vm,
        guest: action.guest,
        isMapped: false,
        isMinimized: false,
        placement: "free",
        shownAs: "free",
        isArriving: false,
        size: { width: 1, height: 1 },
        held: null,
        isPlacedByHand: false,
        isSizedByHand: false,
        needsAttention: false,
        pendingPlacement: null,
        frozen: null,
        free: { x: state.workArea.x, y: state.workArea.y, width: 1, height: 1 },
      };
      return { ...state, windows: { ...state.windows, [action.id]: window }, stack: [...state.stack, action.id] };
    }
    case "guestChanged":
      return update(state, action.id, (window) => {
        const changed = { ...window, guest: { ...window.guest, ...action.change } };
        return {
          ...changed,
          free: keepReachable(changed.free, state.workArea, frameOf(changed, state.workArea, "free")),
        };
      });
    case "mapped":
      return mapped(state, { ...action, size: boundedSize(action.size) });
    case "sized":
      return sized(state, action.id, boundedSize(action.size), action.isAnswer);
    case "arrived":
      return update(state, action.id, (window) =>
        window.isArriving ? { ...window, isArriving: false, shownAs: shownFor(window.placement, state) } : window,
      );
    case "demandAttention":
      return state.focused === action.id
        ? state
        : update(state, action.id, (window) => (window.needsAttention ? window : { ...window, needsAttention: true }));
    case "focus":
      return action.request === undefined ? choose(state, action.id) : focus(state, action.id, action.request);
    case "used":
      return state.focused === null ? state : used(state, state.focused);
    case "moveTo":
      return update(state, action.id, (window) => moved(window, action.x, action.y, state.workArea));
    case "hold":
      return update(state, action.id, (window) => ({ ...window, held: action.held }));
    case "place":
      return action.isRequest === true
        ? asked(state, action.id, action.placement)
        : update(state, action.id, (window) => placed(window, action.placement, state));
    case "minimize":
      return minimize(state, action.id, action.isRequest === true ? "inherited" : "person");
    case "restore":
      return state.windows[action.id]?.isMinimized === true
        ? changeAll(state, shownWith(state, action.id), { isMinimized: false })
        : update(state, action.id, (window) => placed(window, "free", state));
    case "raise":
      return raise(state, action.id);
    case "reappear":
      return raise(changeAll(state, shownWith(state, action.id), { isMinimized: false }), action.id);
    case "freeze":
      return freeze(state, action);
    case "closed":
      return remove(state, [action.id]);
    case "vmGone":
      return remove(
        state,
        state.stack.filter((id) => state.windows[id]?.vm === action.vm),
      );
  }
}

function update(state: WmState, id: WindowId, change: (window: DesktopWindow) => DesktopWindow): WmState {
  const window = state.windows[id];
  if (window === undefined) return state;
  const changed = change(window);
  return changed === window ? state : { ...state, windows: { ...state.windows, [id]: changed } };
}

function changeAll(state: WmState, ids: readonly WindowId[], to: Partial<DesktopWindow>): WmState {
  return ids.reduce((changed, id) => update(changed, id, (window) => ({ ...window, ...to })), state);
}

function workAreaChanged(state: WmState, workArea: Rect): WmState {
  const windows: Record<WindowId, DesktopWindow> = {};
  for (const window of Object.values<DesktopWindow>(state.windows)) {
    const wasInside = isInside(window.free, state.workArea, frameOf(window, state.workArea, "free"));
    const keep = wasInside ? keepInside : keepReachable;
    windows[window.id] = { ...window, free: keep(window.free, workArea, frameOf(window, workArea, "free")) };
  }
  return { ...state, workArea, windows };
}

/** Full screen is left at once, whatever its programs do, and is back as it was when there is no question any more. */
function promptShown(state: WmState, isPromptShown: boolean): WmState {
  if (state.isPromptShown === isPromptShown) return state;
  const full = Object.values<DesktopWindow>(state.windows).filter(
    ({ placement, shownAs, isArriving }) => placement === "userFullscreen" && (!isArriving || shownAs === placement),
  );
  const next = { ...state, isPromptShown };
  return changeAll(
    next,
    full.map(({ id }) => id),
    { shownAs: shownFor("userFullscreen", next) },
  );
}

function boundedSize({ width, height }: Size): Size {
  return { width: boundedSide(width), height: boundedSide(height) };
}

function isSame(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/** A window appears: where it was before, where the last one of its application was, or where there is room. */
function mapped(
  state: WmState,
  { id, size, takesFocus, cause = "inherited", remembered }: Extract<WmAction, { type: "mapped" }>,
): WmState {
  const before = state.windows[id];
  if (before === undefined || before.isMapped) return state;
  const { workArea } = state;
  const isBack = remembered !== null && remembered.back !== null;
  const asked = before.placement === "free" ? null : before.placement;
  // In the background it has to wait for it.
  const pendingPlacement = takesFocus || isBack ? null : pendingPlacementOf(asked);
  const placement = pendingPlacement === null ? (asked ?? remembered?.placement ?? "free") : "free";
  const shown: DesktopWindow = { ...before, isMapped: true, size, placement, pendingPlacement };
  const free = freeRect(state, shown, remembered);
  const settled = { ...shown, free };
  const isArriving = !isSame(size, targetOf(settled, workArea));
  const window: DesktopWindow = {
    ...settled,
    isArriving,
    // Its first frame is shown in its own size until the program has drawn for the placement.
    shownAs: isArriving && !isBack ? "free" : shownFor(placement, state),
    isMinimized: isBack && remembered.isMinimized,
    needsAttention: !takesFocus && !isBack,
  };
  const appeared = { ...state, windows: { ...state.windows, [id]: window } };
  const stacked = { ...appeared, stack: stackWith(appeared, id, remembered) };
  return takesFocus && !window.isMinimized ? focus(stacked, id, cause) : stacked;
}

/** `free` of a window that appears. */
function freeRect(state: WmState, window: DesktopWindow, remembered: Remembered | null): Rect {
  const { workArea } = state;
  const frame = frameOf(window, workArea, "free");
  const drawn = boundedSize(window.placement === "free" || remembered === null ? window.size : remembered.free);
  const largest = contentIn(fill(workArea, "all"), frame);
  const size = isFixedSize(window.guest.hints)
    ? drawn
    : { width: Math.min(drawn.width, largest.width), height: Math.min(drawn.height, largest.height) };
  const others = state.stack.flatMap((other) => {
    const shown = state.windows[other];
    return shown !== undefined && other !== window.id && isShown(shown) ? [frameRectOf(shown, workArea)] : [];
  });
  if (remembered !== null) {
    // With another size than it had there, or at the place of another window, its buttons might be off the screen.
    const keep = remembered.back !== null && isSame(size, remembered.free) ? keepReachable : keepInside;
    const there = keep({ ...remembered.free, ...size }, workArea, frame);
    const box = outerOf(there, frame);
    if (remembered.back !== null || !others.some(({ x, y }) => x === box.x && y === box.y)) return there;
  }
  const parentId = parentOf(state, window.id);
  const parent = parentId === null ? undefined : state.windows[parentId];
  return place(size, frame, workArea, others, parent?.isMapped === true ? frameRectOf(parent, workArea) : null);
}

/**
 * The stack with a window that appears without focus: one that is back goes above those it was above, a dialog above its
 * parent, any other on top; but never above the focused window and its dialogs, which may be another VM's.
 */
function stackWith(state: WmState, id: WindowId, remembered: Remembered | null): WindowId[] {
  const others = state.stack.filter((other) => other !== id);
  const above = (ids: readonly WindowId[]): number => others.findLastIndex((other) => ids.includes(other)) + 1;
  const back = remembered?.back ?? null;
  const wanted = back === null ? above(raisedWith(state, id)) || others.length : above(back.above);
  const front = state.focused === null ? [id] : raisedWith(state, state.focused);
  const most = front.includes(id) ? others.length : others.findIndex((other) => front.includes(other));
  return others.toSpliced(Math.min(wanted, most), 0, id);
}

function sized(state: WmState, id: WindowId, size: Size, isAnswer: boolean): WmState {
  return update(state, id, (window) => {
    if (!window.isMapped) return window;
    const isNew = !isSame(size, window.size);
    if (window.isArriving) {
      // An X11 program's first answers still have the size from before.
      const isThere = isSame(size, targetOf(window, state.workArea)) || (isAnswer && isNew);
      if (!isThere) return isNew ? { ...window, size } : window;
      const there = { ...window, size, isArriving: false, shownAs: shownFor(window.placement, state) };
      return window.placement === "free" ? resized(there, size, state.workArea) : there;
    }
    const drawn = isNew ? { ...window, size } : window;
    // The program is late: it still draws for what it was asked before, such as a placement that the window has left, whose
    // size is not to become the window's own. While a person resizes the window, its frame follows all that is drawn.
    const isLate = !isAnswer && window.held?.kind !== "resize";
    return window.placement === "free" && !isLate ? resized(drawn, size, state.workArea) : drawn;
  });
}

/** The edges opposite to those that are dragged stay where they are; a program does not grow off the screen by itself. */
function resized(window: DesktopWindow, size: Size, workArea: Rect): DesktopWindow {
  const { free } = window;
  if (isSame(free, size)) return window;
  const edges = window.held?.kind === "resize" ? window.held.edges : null;
  const there = {
    x: edges?.left === true ? free.x + free.width - size.width : free.x,
    y: edges?.top === true ? free.y + free.height - size.height : free.y,
    ...size,
  };
  const frame = frameOf(window, workArea, "free");
  const keep = edges === null && isInside(free, workArea, frame) ? keepInside : keepReachable;
  return {
    ...window,
    isSizedByHand: window.isSizedByHand || edges !== null,
    free: keep(there, workArea, frame),
  };
}

/** A move makes a maximised or tiled window free at once: its frame follows the pointer. */
function moved(window: DesktopWindow, x: number, y: number, workArea: Rect): DesktopWindow {
  return {
    ...window,
    placement: "free",
    shownAs: "free",
    isPlacedByHand: true,
    isArriving: window.placement === "free" ? window.isArriving : canDraw(window) && !isSame(window.size, window.free),
    free: keepReachable({ ...window.free, x, y }, workArea, frameOf(window, workArea, "free")),
  };
}

/** Its program can draw for another placement, or another size. */
function canDraw({ isMapped, frozen }: DesktopWindow): boolean {
  return isMapped && frozen === null;
}

/** The frame keeps its place until the program has drawn for the new one: nothing empty is shown, and nothing stretched. */
function placed(window: DesktopWindow, placement: Placement, state: WmState): DesktopWindow {
  // A frozen window in full screen would only hide the top bar.
  if (window.placement === placement || (window.frozen !== null && placement === "userFullscreen")) return window;
  const needsSize = placement === "maximized" || placement === "left" || placement === "right";
  if (needsSize && isFixedSize(window.guest.hints)) return window;
  const next = { ...window, placement, held: null };
  const isArriving = canDraw(window) && !isSame(window.size, targetOf(next, state.workArea));
  return { ...next, isArriving, shownAs: isArriving && isShown(window) ? window.shownAs : shownFor(placement, state) };
}

/** A program asks for a placement: in the background it waits until its window is used, for it could hide other VMs' windows. */
function asked(state: WmState, id: WindowId, placement: Placement): WmState {
  const now = state.windows[id]?.placement ?? null;
  // One that hides others already hides no more.
  const isFilling = now === "userFullscreen" || pendingPlacementOf(now) !== null;
  const pendingPlacement = isFilling || isInUse(state, id) ? null : pendingPlacementOf(placement);
  return update(state, id, (window) => {
    const changed = window.pendingPlacement === pendingPlacement ? window : { ...window, pendingPlacement };
    return pendingPlacement === null ? placed(changed, placement, state) : changed;
  });
}

/** The placement, if it is one with which a window would hide others; else null. */
function pendingPlacementOf(placement: Placement | null): DesktopWindow["pendingPlacement"] {
  return placement === "maximized" || placement === "appFullscreen" ? placement : null;
}

/** It has focus, or is raised with the window that has it; or nothing of it is on the screen yet. */
function isInUse(state: WmState, id: WindowId): boolean {
  if (state.windows[id]?.isMapped !== true) return true;
  return state.focused !== null && raisedWith(state, state.focused).includes(id);
}

/** A person's act: the window counts as used. */
function choose(state: WmState, wanted: WindowId | null): WmState {
  const now = focus(state, wanted, "person");
  const isDone = wanted !== null && state.windows[wanted]?.isMapped === true;
  return isDone && now.focused !== null ? used(now, now.focused) : now;
}

/** Focus raises a window with its dialogs and shows what was minimised; a modal dialog takes focus in its window's place. */
function focus(state: WmState, wanted: WindowId | null, cause: FocusCause): WmState {
  if (wanted === null) return state.focused === null ? state : { ...state, focused: null, cause: null };
  const keyboardVm = state.windows[wanted]?.vm;
  if (keyboardVm === undefined || state.windows[wanted]?.isMapped !== true) return state;
  const id = focusOf(state, wanted);
  const raised = raisedWith(state, id);
  const stack = [...state.stack.filter((other) => !raised.includes(other)), ...raised];
  const wanting = [wanted, id].filter((one) => state.windows[one]?.needsAttention === true);
  const shown = changeAll(changeAll(state, shownWith(state, id), { isMinimized: false }), wanting, {
    needsAttention: false,
  });
  const isRaised = stack.every((other, level) => other === state.stack[level]);
  if (isRaised && shown.focused === id && shown.cause === cause) return shown;
  return { ...shown, stack: isRaised ? state.stack : stack, focused: id, cause, keyboardVm };
}

/** A window and its dialogs come forward, but never above the focused window and its dialogs, as one that opens. */
function raise(state: WmState, id: WindowId): WmState {
  if (state.windows[id]?.isMapped !== true) return state;
  const raised = raisedWith(state, id);
  const front = state.focused === null ? [] : raisedWith(state, state.focused);
  if (raised.some((other) => front.includes(other))) return state;
  const others = state.stack.filter((other) => !raised.includes(other));
  const above = others.findIndex((other) => front.includes(other));
  return { ...state, stack: others.toSpliced(above === -1 ? others.length : above, 0, ...raised) };
}

/** A person uses this window: it comes first in the order of use, and what its program asked for meanwhile is done. */
function used(state: WmState, id: WindowId): WmState {
  const pendingPlacement = state.windows[id]?.pendingPlacement ?? null;
  const done =
    pendingPlacement === null
      ? state
      : update(state, id, (window) => placed({ ...window, pendingPlacement: null }, pendingPlacement, state));
  if (done.used[0] === id) return done;
  return { ...done, used: [id, ...done.used.filter((other) => other !== id)] };
}

function minimize(state: WmState, id: WindowId, cause: FocusCause): WmState {
  const ids = minimizedWith(state, id);
  const minimized = changeAll(state, ids, { isMinimized: true });
  const { focused } = state;
  if (focused === null || !ids.includes(focused)) return minimized;
  return inherit(minimized, state.windows[focused]?.vm, cause);
}

/** Focus goes to the next window by the rule of heirs (heirs.ts), once the one that had it cannot have it any more. */
function inherit(state: WmState, vm: VmId | undefined, cause: FocusCause): WmState {
  const nothing = { ...state, focused: null, cause: null };
  const heir = vm === undefined ? null : heirOf(nothing, vm);
  return heir === null ? nothing : focus(nothing, heir, cause);
}

function freeze(state: WmState, { vm, frozen }: Extract<WmAction, { type: "freeze" }>): WmState {
  // A window without a frame has nothing that could be kept on the screen.
  const unseen = state.stack.filter((id) => state.windows[id]?.vm === vm && !state.windows[id]?.isMapped);
  const seen = remove(state, unseen);
  const windows = { ...seen.windows };
  for (const window of Object.values<DesktopWindow>(seen.windows)) {
    if (window.vm !== vm || window.frozen !== null) continue;
    // Its program draws no more, so it stays where it is shown; but full screen would hide the badge and the top bar.
    const shownAs = window.shownAs === "userFullscreen" ? "maximized" : window.shownAs;
    const still = { shownAs, placement: shownAs, isArriving: false, held: null, needsAttention: false };
    windows[window.id] = { ...window, ...still, frozen };
  }
  return { ...seen, windows };
}

function remove(state: WmState, ids: readonly WindowId[]): WmState {
  const known = ids.filter((id) => state.windows[id] !== undefined);
  if (known.length === 0) return state;
  const windows = { ...state.windows };
  for (const id of known) delete windows[id];
  const isLeft = (id: WindowId): boolean => windows[id] !== undefined;
  const left = { ...state, windows, stack: state.stack.filter(isLeft), used: state.used.filter(isLeft) };
  if (state.focused === null || isLeft(state.focused)) return left;
  // From a dialog back to its window, wherever in the stack that is.
  const parent = parentOf(state, state.focused);
  const heir = parent === null ? undefined : windows[parent];
  return heir !== undefined && isShown(heir)
    ? focus({ ...left, focused: null, cause: null }, heir.id, "inherited")
    : inherit(left, state.windows[state.focused]?.vm, "inherited");
}
