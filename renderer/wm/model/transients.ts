/**
 * Dialogs and their parent windows: raised, minimised and shown together. A guest says which window of its own VM is a
 * dialog's parent, and may name itself or go in circles. Pure.
 */
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import type { WmState } from "./state.ts";

interface Family {
  readonly parents: ReadonlyMap<WindowId, WindowId>;
  /** Of each window, bottom to top. */
  readonly dialogs: ReadonlyMap<WindowId, readonly WindowId[]>;
}

function familyOf({ windows, stack }: WmState, of: WindowId): Family {
  const vm = windows[of]?.vm;
  const own = stack.flatMap((id) => (windows[id]?.vm === vm ? (windows[id] ?? []) : []));
  const bySurface = new Map<SurfaceId, WindowId>(own.map(({ id, guest }) => [guest.surface, id]));
  const parents = new Map<WindowId, WindowId>();
  const dialogs = new Map<WindowId, WindowId[]>();
  for (const { id, guest } of own) {
    const parent = guest.parent === null ? undefined : bySurface.get(guest.parent);
    if (parent === undefined || parent === id) continue;
    parents.set(id, parent);
    dialogs.set(parent, [...(dialogs.get(parent) ?? []), id]);
  }
  return { parents, dialogs };
}

/** The window, its parent, that one's parent and so on. */
function lineOf({ parents }: Family, id: WindowId): WindowId[] {
  const line = new Set<WindowId>();
  for (let at: WindowId | undefined = id; at !== undefined && !line.has(at); at = parents.get(at)) line.add(at);
  return [...line];
}

/** A window, its dialogs and theirs, bottom to top; those of `line` above their siblings. */
function branchOf({ dialogs }: Family, root: WindowId, line: readonly WindowId[]): WindowId[] {
  const branch = new Set<WindowId>();
  const visit = (id: WindowId): void => {
    if (branch.has(id)) return;
    branch.add(id);
    const own = dialogs.get(id) ?? [];
    for (const dialog of own) if (!line.includes(dialog)) visit(dialog);
    for (const dialog of own) if (line.includes(dialog)) visit(dialog);
  };
  visit(root);
  return [...branch];
}

/** The window that this one is a dialog of; null: none. */
export function parentOf(state: WmState, id: WindowId): WindowId | null {
  return familyOf(state, id).parents.get(id) ?? null;
}

/** All that are raised with a window, bottom to top. */
export function raisedWith(state: WmState, id: WindowId): WindowId[] {
  const family = familyOf(state, id);
  const line = lineOf(family, id);
  return branchOf(family, line.at(-1) ?? id, line);
}

/** All that are minimised with a window: its dialogs; and with a modal dialog its parent. */
export function minimizedWith(state: WmState, id: WindowId): WindowId[] {
  const family = familyOf(state, id);
  const line = lineOf(family, id);
  const free = line.findIndex((of) => state.windows[of]?.guest.modal !== true);
  return branchOf(family, line.at(free) ?? id, []);
}

/** All that are shown again with a window: its parents, and what was minimised with the topmost of them. */
export function shownWith(state: WmState, id: WindowId): WindowId[] {
  const family = familyOf(state, id);
  const first = lineOf(family, id).findLast((of) => state.windows[of]?.isMinimized === true);
  return first === undefined ? [] : branchOf(family, first, []);
}

/** The window that has focus when this one is focused: its modal dialog where it has one, else itself. */
export function focusOf(state: WmState, id: WindowId): WindowId {
  const family = familyOf(state, id);
  const seen = new Set<WindowId>();
  for (let at = id; ;) {
    seen.add(at);
    const next = family.dialogs.get(at)?.findLast((dialog) => {
      const window = state.windows[dialog];
      return window?.isMapped === true && window.guest.modal && !seen.has(dialog);
    });
    if (next === undefined) return at;
    at = next;
  }
}
