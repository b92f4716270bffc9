/**
 * Which window has focus when the one that had it is closed or minimised: a program's act, so it may lead only where a person
 * has been. Pure.
 */
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { isShown, type WmState } from "./state.ts";
import { focusOf } from "./transients.ts";

/**
 * After a window of `vm`: the one of that VM that a person used last, else its topmost one; else the window of another VM that
 * a person used last. None that asks for attention: it asks so that it is looked at, not typed into. null: nothing has focus.
 */
export function heirOf(state: WmState, vm: VmId): WindowId | null {
  const { windows, stack, used } = state;
  const isIn = (id: WindowId): boolean => windows[id]?.vm === vm;
  const mayInherit = (id: WindowId): boolean => {
    const window = windows[id];
    return window !== undefined && isShown(window) && !window.needsAttention;
  };
  const heirs = used.filter(mayInherit);
  const own = heirs.find(isIn) ?? stack.findLast((id) => isIn(id) && mayInherit(id));
  if (own !== undefined) return own;
  // A modal dialog would have focus in its place: in another VM only one that the person knows.
  return heirs.find((id) => heirs.includes(focusOf(state, id))) ?? null;
}
