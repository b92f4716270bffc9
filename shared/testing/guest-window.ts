/** Windows of guests for tests, which say only what they look at. */
import type { GuestWindow, SurfaceId } from "../model/window.ts";

/** An ordinary window of Wayland, without a title, that no launch has opened. */
export function guestWindow(surface: number, change: Partial<GuestWindow> = {}): GuestWindow {
  return {
    surface: surface as SurfaceId,
    kind: "wayland",
    pid: null,
    launch: null,
    title: "",
    appId: "",
    parent: null,
    modal: false,
    hints: { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null },
    clientDecorated: false,
    ...change,
  };
}
