/** Windows and surfaces of guests, as the host has accepted them. */
import { type VmId, vmIdBeginning } from "./vm.ts";

declare const brand: unique symbol;

/** Agent's surface id, within one VM and one epoch of its agent. */
export type SurfaceId = number & { readonly [brand]: "SurfaceId" };
/** A window on this host: `<first 8 digits of the VM's id>.<surface id>`. */
export type WindowId = string & { readonly [brand]: "WindowId" };

const MAX_SURFACE_ID = 0xffff_ffff;
const WINDOW_ID_PATTERN = /^([0-9a-f]{8})\.([1-9][0-9]{0,9})$/;

/** Longest side of a window on the desktop, logical or physical pixels: more than any screen has. */
export const MAX_WINDOW_SIDE = 16_384;

export function windowIdOf(vm: VmId, surface: SurfaceId): WindowId {
  return `${vmIdBeginning(vm)}.${surface}` as WindowId;
}

/** What `windowIdOf` made an id of, the VM by the beginning of its own id; null: it is no window's id. */
export function parseWindowId(text: string): { vmBeginning: string; surface: SurfaceId } | null {
  const [, vmBeginning, digits] = WINDOW_ID_PATTERN.exec(text) ?? [];
  const surface = Number(digits);
  return vmBeginning === undefined || surface > MAX_SURFACE_ID ? null : { vmBeginning, surface: surface as SurfaceId };
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

export type WindowKind = "wayland" | "x11";
export type WindowMode = "normal" | "maximized" | "minimized" | "fullscreen";

/**
 * Why a window has focus. `person`: a person chose it, or it answers what a person just did in its VM; `inherited`: the window
 * that had it cannot have it any more, or none had it; `launch`: it is the first window of a program that the host started.
 */
export const FOCUS_CAUSES = ["person", "inherited", "launch"] as const;
export type FocusCause = (typeof FOCUS_CAUSES)[number];

/** States that a window is sent in a configure: bits of a mask, those of WindowState in atoll.proto. */
export const WINDOW_STATE_BITS = {
  activated: 1,
  maximized: 2,
  fullscreen: 4,
  resizing: 8,
  tiled: 16,
  suspended: 32,
} as const;

/** Logical units; null = no bound. */
export interface SizeHints {
  minWidth: number | null;
  minHeight: number | null;
  maxWidth: number | null;
  maxHeight: number | null;
  /** Sizes that a person gives by dragging are base + n * step. */
  cells?: SizeCells;
}

/** A terminal's cells, and the shape of a picture, as an X11 program says them. Logical units; null = no bound. */
export interface SizeCells {
  baseWidth: number;
  baseHeight: number;
  /** At least 1. */
  stepWidth: number;
  stepHeight: number;
  /** Width / height of what is beyond the base size. */
  minAspect: number | null;
  maxAspect: number | null;
}

/** A guest's toplevel. Texts are cleaned (see text.ts) and bounded, yet still the guest's words: show them as text only. */
export interface GuestWindow {
  surface: SurfaceId;
  kind: WindowKind;
  pid: number | null;
  /** Request number of the launch that it answers, null = none. */
  launch: number | null;
  title: string;
  appId: string;
  /** Window of the same VM that it is a dialog of. */
  parent: SurfaceId | null;
  modal: boolean;
  hints: SizeHints;
  /** Draws its own header bar. */
  clientDecorated: boolean;
}

export interface GuestPopup {
  surface: SurfaceId;
  kind: WindowKind;
  parent: SurfaceId;
  /** Logical, relative to the parent's geometry. */
  rect: Rect;
  grab: boolean;
}

export interface PlacedChild {
  surface: SurfaceId;
  x: number;
  y: number;
}

export type WindowRequest =
  | { kind: "maximize" | "unmaximize" | "fullscreen" | "unfullscreen" | "minimize" | "unminimize" | "move" }
  /** The program wants the keyboard; to be in front; to be looked at. */
  | { kind: "activate" | "raise" | "attention" }
  | { kind: "resize"; edges: ResizeEdges };

export interface ResizeEdges {
  top: boolean;
  bottom: boolean;
  left: boolean;
  right: boolean;
}

/** A window as `atoll window list --json` shows it: content's rectangle in physical pixels of the host's screen. */
export interface WindowView extends Rect {
  id: WindowId;
  vm: string;
  title: string;
  appId: string;
  state: WindowMode;
  focused: boolean;
  frozen: boolean;
  kind: WindowKind;
  popups: Rect[];
}
