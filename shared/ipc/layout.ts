/** Where the desktop's windows are: the window manager reports it to main at each change. */
import { z } from "zod";
import { FOCUS_CAUSES, parseWindowId } from "../model/window.ts";
import { domain, report } from "./declare.ts";
import { pageRect, vmId, windowId, windowMode } from "./fields.ts";

const MAX_WINDOWS_SHOWN = 4096;
const MAX_APPS_KEPT = 1024;
const MAX_POPUPS_SHOWN = 64;
const appId = z.string().max(256);

/** As it is now. DOM pixels of the page; main makes screen pixels of it. */
const layoutSchema = z.strictObject({
  windows: z
    .array(
      z.strictObject({
        id: windowId,
        content: pageRect,
        mode: windowMode,
        focused: z.boolean(),
        frozen: z.boolean(),
        popups: z.array(pageRect).max(MAX_POPUPS_SHOWN),
      }),
    )
    .max(MAX_WINDOWS_SHOWN),
});
export type DesktopLayout = z.infer<typeof layoutSchema>;

/** The window that has focus, and why; null: none has it. */
const focusSchema = z
  .strictObject({ window: windowId, vm: vmId, cause: z.enum(FOCUS_CAUSES) })
  .refine(({ window, vm }) => vm.startsWith(parseWindowId(window)?.vmBeginning ?? " "), "a window of another VM")
  .nullable();
export type ReportedFocus = z.infer<typeof focusSchema>;

const placement = z.preprocess(
  // As files of former versions have it.
  (value) => (value === "fullscreen" ? "appFullscreen" : value === "screen" ? "userFullscreen" : value),
  z.enum(["free", "maximized", "appFullscreen", "left", "right", "userFullscreen"]),
);

/** As it is kept for the next start of the desktop; DOM pixels of the page. */
export const placementsSchema = z.strictObject({
  /** Bottom to top. */
  windows: z
    .array(
      z.strictObject({
        id: windowId,
        vm: vmId,
        appId,
        /** Content of the window while it is neither maximised nor tiled. */
        free: pageRect,
        placement,
        minimized: z.boolean(),
        focused: z.boolean(),
      }),
    )
    .max(MAX_WINDOWS_SHOWN),
  /** Where a person last put a window of these applications; the one put last comes last. */
  apps: z.array(z.strictObject({ vm: vmId, appId, free: pageRect, keepsSize: z.boolean() })).max(MAX_APPS_KEPT),
});
export type Placements = z.infer<typeof placementsSchema>;

export const layoutContract = domain({
  reports: {
    /** At each change, at once: what a guest may do depends on where the person is. */
    "focus.report": report({ from: ["page"], input: z.strictObject({ focus: focusSchema }) }),
    "layout.report": report({ from: ["page"], input: layoutSchema }),
    "placements.report": report({ from: ["page"], input: placementsSchema }),
  },
});
