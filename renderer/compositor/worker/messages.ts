/** What the page and the compositor worker say to each other. */
import type { FrameInfo } from "#shared/model/frame.ts";
import type { Rect, SurfaceId } from "#shared/model/window.ts";

declare const brand: unique symbol;
/** One connection of a VM's link, from attach to end. Surface ids are unique within it only. Numbered by the page. */
export type LinkSessionId = number & { readonly [brand]: "LinkSessionId" };

/** One surface of a screenshot: where its canvas goes, in pixels of the image that is made. */
export interface Layer extends Rect {
  session: LinkSessionId;
  surface: SurfaceId;
}

export type ToCompositor =
  /** `pixels` (transferred): PixelEvent in, PixelCommand out. */
  | { type: "link"; session: LinkSessionId; pixels: MessagePort }
  /** A surface opened; its first credits are given now. `canvas` is transferred. */
  | { type: "open"; session: LinkSessionId; surface: SurfaceId; canvas: OffscreenCanvas }
  /** The answer to `canvasWanted`. `canvas` is transferred. */
  | { type: "replaceCanvas"; session: LinkSessionId; surface: SurfaceId; canvas: OffscreenCanvas }
  /** Nobody sees it: its credits are held back until somebody does. */
  | { type: "visibility"; session: LinkSessionId; surface: SurfaceId; isVisible: boolean }
  /** A key went down in a window of it: a person waits for the frame that responds to it. */
  | { type: "keyPressed"; session: LinkSessionId }
  /** The page's area on the screen, physical pixels: what VMs may take of the worker's memory is measured by it. */
  | { type: "screen"; px: number }
  | { type: "forget"; session: LinkSessionId; surface: SurfaceId }
  /** The link is closed. Canvases keep their last frame until they are forgotten. */
  | { type: "end"; session: LinkSessionId }
  | { type: "screenshot"; request: number; width: number; height: number; layers: Layer[] };

export type FromCompositor =
  /** A frame was drawn that differs from the one before it in more than its pixels and serial. */
  | { type: "frameChanged"; session: LinkSessionId; surface: SurfaceId; frame: FrameInfo }
  /** The surface was opaque and its next frame is not; that frame waits for another canvas. */
  | { type: "canvasWanted"; session: LinkSessionId; surface: SurfaceId }
  /** The pixels of the surface's canvas are lost: it is empty until its guest sends all of it again. */
  | { type: "refreshWanted"; session: LinkSessionId; surface: SurfaceId }
  /** Something of the worker's own went wrong: for the log. */
  | { type: "failed"; detail: string }
  /** PNG; null = it could not be made, or is larger than a picture may be. */
  | { type: "screenshot"; request: number; png: Uint8Array | null };
