/** Who does what: a person (or the host for one), or a program. Pure. */
import type { WmAction } from "./state.ts";

export function isPersonsAct(action: WmAction): boolean {
  switch (action.type) {
    case "focus":
      return action.request === undefined;
    case "place":
    case "minimize":
      return action.isRequest !== true;
    case "workAreaChanged":
    case "promptShown":
    case "used":
    case "moveTo":
    case "hold":
    case "restore":
      return true;
    case "opened":
    case "guestChanged":
    case "mapped":
    case "sized":
    case "arrived":
    case "demandAttention":
    case "raise":
    case "reappear":
    case "freeze":
    case "closed":
    case "vmGone":
      return false;
  }
}
