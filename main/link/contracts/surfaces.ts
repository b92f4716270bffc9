/** What main knows of surfaces: its windows. The page has all of it, from the link itself. */
import type { SurfaceEvent } from "#shared/model/surface-event.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { serviceContract } from "../contract.ts";

export type WindowEvent =
  | Extract<SurfaceEvent, { type: "windowOpened" | "windowChanged" | "surfaceClosed" }>
  /** A window that was reported has its first whole frame. */
  | { type: "firstFrame"; surface: SurfaceId };

export const SURFACES = serviceContract<never, WindowEvent>("surfaces");
