/** What each event makes of the window manager's state. Pure: effects (configures, focus, credits) follow from the change. */
import type { Rect, WindowId } from "#shared/model/window.ts";
import { keepReachable, place } from "./geometry.ts";
import { contentOf, type DesktopWindow, isShown, topmost, type WmAction, type WmState } from "./state.ts";

const MAX_SIDE = 16_384;

export function reduce(state: WmState, action: WmAction): WmState {
  switch (action.type) {
    case "workAreaChanged":
      return workAreaChanged(state, action.workArea);
    case "opened": {
      if (state.windows[action.id] !== undefined) return state;
      const window: DesktopWindow = {
        id: action.id,
        vm: action.vm,
        guest: action.guest,
        isMapped: false,
        isMinimized: false,
        placement: "free",
        held: null,
        frozen: null,
        free: { x: state.workArea.x, y: state.workArea.y, width: 1, height: 1 },
      };
      return { ...state, windows: { ...state.windows, [action.id]: window }, stack: [...state.stack, action.id] };
    }
    case "guestChanged":
      return update(state, action.id, (window) => ({ ...window, guest: { ...window.guest, ...action.change } }));
    case "sized":
      return sized(state, action.id, {
        width: Math.max(1, Math.min(MAX_SIDE, Math.round(action.size.width))),
        height: Math.max(1, Math.min(MAX_SIDE, Math.round(action.size.height))),
      });
    case "focus":
      return focus(state, action.id);
    case "moveTo":
      return update(state, action.id, (window) => ({
        ...window,
        placement: "free",
        free: keepReachable({ ...window.free, x: action.x, y: action.y }, state.workArea),
      }));
    case "hold":
      return update(state, action.id, (window) => ({ ...window, held: action.edges }));
    case "place":
      return update(state, action.id, (window) =>
        window.placement === action.placement ? window : { ...window, placement: action.placement, held: null },
      );
    case "minimize":
      return unfocus(
        update(state, action.id, (window) => ({ ...window, isMinimized: true })),
        action.id,
      );
    case "restore":
      return update(state, action.id, (window) =>
        window.isMinimized ? { ...window, isMinimized: false } : { ...window, placement: "free" },
      );
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

function workAreaChanged(state: WmState, workArea: Rect): WmState {
  const windows: Record<WindowId, DesktopWindow> = {};
  for (const window of Object.values<DesktopWindow>(state.windows)) {
    windows[window.id] = { ...window, free: keepReachable(window.free, workArea) };
  }
  return { ...state, workArea, windows };
}

function sized(state: WmState, id: WindowId, size: { width: number; height: number }): WmState {
  const window = state.windows[id];
  if (window === undefined) return state;
  if (!window.isMapped) {
    const others = state.stack.flatMap((other) => {
      const shown = state.windows[other];
      return shown !== undefined && other !== id && isShown(shown) ? [contentOf(shown, state.workArea)] : [];
    });
    const parentId = Object.values<DesktopWindow>(state.windows).find(
      (other) => other.vm === window.vm && other.isMapped && other.guest.surface === window.guest.parent,
    );
    const parent = parentId === undefined ? null : contentOf(parentId, state.workArea);
    return update(state, id, () => ({ ...window, isMapped: true, free: place(size, state.workArea, others, parent) }));
  }
  if (window.placement !== "free") return state;
  if (window.free.width === size.width && window.free.height === size.height) return state;
  const { free, held } = window;
  const moved = {
    x: held?.left === true ? free.x + free.width - size.width : free.x,
    y: held?.top === true ? free.y + free.height - size.height : free.y,
    ...size,
  };
  return update(state, id, () => ({ ...window, free: keepReachable(moved, state.workArea) }));
}

/** Focus raises, and shows what was minimised. */
function focus(state: WmState, id: WindowId | null): WmState {
  if (id === null) return state.focused === null ? state : { ...state, focused: null };
  const window = state.windows[id];
  if (window === undefined || !window.isMapped) return state;
  const stack = state.stack.at(-1) === id ? state.stack : [...state.stack.filter((other) => other !== id), id];
  const shown = window.isMinimized ? update(state, id, (same) => ({ ...same, isMinimized: false })) : state;
  return shown.focused === id && stack === state.stack ? shown : { ...shown, stack, focused: id };
}

/** Focus goes to what lies below, once a window cannot have it any more. */
function unfocus(state: WmState, id: WindowId): WmState {
  return state.focused === id ? focus({ ...state, focused: null }, topmost(state, id)) : state;
}

function freeze(state: WmState, { vm, frozen }: Extract<WmAction, { type: "freeze" }>): WmState {
  // What nobody has seen yet has no last picture to keep.
  const unseen = state.stack.filter((id) => state.windows[id]?.vm === vm && !state.windows[id]?.isMapped);
  const seen = remove(state, unseen);
  const windows = { ...seen.windows };
  for (const window of Object.values<DesktopWindow>(seen.windows)) {
    if (window.vm === vm && window.frozen === null) windows[window.id] = { ...window, frozen, held: null };
  }
  return { ...seen, windows };
}

function remove(state: WmState, ids: readonly WindowId[]): WmState {
  const known = ids.filter((id) => state.windows[id] !== undefined);
  if (known.length === 0) return state;
  const windows = { ...state.windows };
  for (const id of known) delete windows[id];
  const left = { ...state, windows, stack: state.stack.filter((id) => !known.includes(id)) };
  return state.focused !== null && known.includes(state.focused) ? unfocus(left, state.focused) : left;
}
