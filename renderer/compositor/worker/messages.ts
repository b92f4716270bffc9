/** What the page and the compositor worker say to each other. */
import type { FrameInfo as Picture } from "#shared/model/frame.ts";
import type { Rect, SurfaceId } from "#shared/model/window.ts";

declare const brand: unique symbol;
/** One life of a VM's link: surface ids mean something within it only. The page counts them. */
export type LifeId = number & { readonly [brand]: "LifeId" };

export type { Picture };

/** One surface of a screenshot: where its canvas goes, in pixels of the picture that is made. */
export interface Layer extends Rect {
  life: LifeId;
  surface: SurfaceId;
}

export type ToCompositor =
  /** `pixels` (transferred): PixelEvent in, PixelCommand out. */
  | { type: "link"; life: LifeId; pixels: MessagePort }
  /** A surface opened, and its first credits are given now; or it has the new canvas that it wanted. `canvas` is transferred. */
  | { type: "surface"; life: LifeId; surface: SurfaceId; canvas: OffscreenCanvas }
  /** Nobody sees it: its credits are held back until somebody does. */
  | { type: "visibility"; life: LifeId; surface: SurfaceId; isVisible: boolean }
  /** A key went down in a window of it: a person waits for the answer. */
  | { type: "keyPressed"; life: LifeId }
  | { type: "forget"; life: LifeId; surface: SurfaceId }
  /** The link is closed. Canvases keep their last picture until they are forgotten. */
  | { type: "end"; life: LifeId }
  | { type: "screenshot"; request: number; width: number; height: number; layers: Layer[] };

export type FromCompositor =
  /** A picture was drawn that differs from the one before it in more than its pixels and serial. */
  | { type: "picture"; life: LifeId; surface: SurfaceId; picture: Picture }
  /** It was opaque and its next picture is not: that one waits for another canvas. */
  | { type: "canvasWanted"; life: LifeId; surface: SurfaceId }
  /** PNG; null = it could not be made. */
  | { type: "screenshot"; request: number; png: Uint8Array | null };
