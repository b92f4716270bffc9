/** What was open in a VM when it last ran, and which of its programs show that again. */
import { z } from "zod";
import type { AppView } from "./app.ts";

/** Of one VM. */
export const MAX_LAST_WINDOWS = 12;

export const lastWindow = z.strictObject({
  /** The guest's words; "" where they are not kept (a vault's). */
  title: z.string().max(1_000),
  /** Of the program, as the guest named it: a Wayland app id, or the class of an X11 window. */
  appId: z.string().min(1).max(1_000),
});
export type LastWindow = z.infer<typeof lastWindow>;

/**
 * The applications whose windows these were, each once, and the names of programs that are not among `apps`. A window names its
 * program as its desktop entry is named, or by the last part of that (`XTerm` is of `debian-xterm`).
 */
export function appsOf(
  windows: readonly LastWindow[],
  apps: readonly AppView[],
): { apps: readonly AppView[]; missing: readonly string[] } {
  const found = new Map<string, AppView>();
  const missing = new Set<string>();
  for (const { appId } of windows) {
    const app =
      apps.find(({ id }) => id === appId) ??
      apps.find(({ id }) => id.toLowerCase() === appId.toLowerCase()) ??
      apps.find(({ id, hidden }) => !hidden && lastPart(id) === lastPart(appId));
    if (app === undefined) missing.add(appId);
    else found.set(app.id, app);
  }
  return { apps: [...found.values()], missing: [...missing] };
}

function lastPart(id: string): string {
  return id.toLowerCase().split(/[.-]/).at(-1) ?? "";
}
