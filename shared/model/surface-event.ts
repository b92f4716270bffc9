/** What happens to the surfaces of a VM, as the link has accepted it: for its page, and in part for main. */
import type { GuestPopup, GuestWindow, PlacedChild, Rect, SurfaceId, WindowRequest } from "./window.ts";

export type CursorImage =
  | { kind: "shape"; name: string }
  | {
      kind: "bitmap";
      width: number;
      height: number;
      hotX: number;
      hotY: number;
      scale: number;
      /** BGRA premultiplied */
      pixels: Uint8Array;
    };

/** In the agent's order. */
export type SurfaceEvent =
  /** `launchAgeMs`: how long ago the host ordered the launch that the window names; only to the page. */
  | { type: "windowOpened"; window: GuestWindow; launchAgeMs?: number }
  | {
      type: "windowChanged";
      surface: SurfaceId;
      change: Partial<Pick<GuestWindow, "title" | "appId" | "parent" | "modal" | "hints" | "clientDecorated">>;
    }
  | { type: "popupOpened"; popup: GuestPopup }
  | { type: "popupMoved"; surface: SurfaceId; rect: Rect }
  | { type: "subsurfaceOpened"; surface: SurfaceId; parent: SurfaceId }
  | { type: "childrenPlaced"; parent: SurfaceId; children: PlacedChild[] }
  | { type: "windowRequested"; surface: SurfaceId; request: WindowRequest }
  | { type: "surfaceClosed"; surface: SurfaceId }
  | { type: "cursorChanged"; cursor: CursorImage }
  /** The program of the surface under the pointer wants to have the pointer to itself; null: none does. */
  | { type: "pointerLockWanted"; surface: SurfaceId | null };
