/** Tells main at each change which window has focus and why: at once, not with the next layout (layout-reporter.ts). */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { ReportedFocus } from "#shared/ipc/layout.ts";
import type { WmState } from "../model/state.ts";
import type { WmStore } from "../model/store.ts";

/** Create it before what sends keys to another window (effects.ts): main hears first. */
export function reportFocus(bridge: Pick<AtollBridge, "report">, wm: WmStore): void {
  wm.subscribe((now, before) => {
    if (now.focused === before.focused && now.cause === before.cause) return;
    bridge.report("focus.report", { focus: focusIn(now) });
  });
}

function focusIn({ windows, focused, cause }: WmState): ReportedFocus {
  const window = focused === null ? undefined : windows[focused];
  return window === undefined || cause === null ? null : { window: window.id, vm: window.vm, cause };
}
