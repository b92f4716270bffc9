/** Messages about surfaces as a guest says them, checked against the table of its surfaces: made into surface events. */
import type { CursorImage, SurfaceEvent } from "../model/surface-event.ts";
import { cleanText } from "../model/text.ts";
import type { PlacedChild, Rect, SizeHints, SurfaceId, WindowKind, WindowRequest } from "../model/window.ts";
import { Decoration, Edge, Kind, type SizeHints as WireHints, WindowRequest as WireRequest } from "./gen/atoll_pb.ts";
import type { WireMessage, WireMessageOf } from "./header.ts";
import {
  MAX_APP_ID_BYTES,
  MAX_COORDINATE,
  MAX_CURSOR_SIDE_PX,
  MAX_SCALE,
  MAX_SHAPE_BYTES,
  MAX_SIDE_PX,
  MAX_SURFACES,
  MAX_TITLE_BYTES,
} from "./limits.ts";
import type { SurfaceTable } from "./surfaces.ts";
import { boundedInteger, boundedText, refuse } from "./violation.ts";

/** A width / height of 1 on the wire. */
const ASPECT_ONE = 65_536;
const ALL_EDGES = Edge.TOP | Edge.BOTTOM | Edge.LEFT | Edge.RIGHT;

export interface AcceptedSurfaceMessage {
  event: SurfaceEvent;
  /** Surfaces that the message ends, children before parents. */
  retired: readonly SurfaceId[];
}

export type SurfaceMessage = Extract<
  WireMessage,
  {
    case:
      | "windowOpened"
      | "popupOpened"
      | "subsurfaceOpened"
      | "windowChanged"
      | "popupMoved"
      | "childrenPlaced"
      | "windowRequested"
      | "surfaceClosed"
      | "cursorChanged"
      | "pointerLockWanted";
  }
>;

const NONE: readonly SurfaceId[] = [];

/** Takes the message into `surfaces`. Throws ViolationError. */
export function acceptSurfaceMessage(
  message: SurfaceMessage,
  payload: Uint8Array,
  surfaces: SurfaceTable,
): AcceptedSurfaceMessage {
  if (message.case === "surfaceClosed") {
    const retired = surfaces.close(message.value.surface);
    return { event: { type: "surfaceClosed", surface: message.value.surface as SurfaceId }, retired };
  }
  return { event: eventOf(message, payload, surfaces), retired: NONE };
}

function eventOf(
  message: Exclude<SurfaceMessage, { case: "surfaceClosed" }>,
  payload: Uint8Array,
  surfaces: SurfaceTable,
): SurfaceEvent {
  switch (message.case) {
    case "windowOpened": {
      const untrusted = message.value;
      const kind = acceptKind(untrusted.kind);
      const { title, appId } = { title: acceptTitle(untrusted.title), appId: acceptAppId(untrusted.appId) };
      const hints = acceptHints(untrusted.hints);
      const parent = acceptDialogParent(untrusted.parent, surfaces);
      const surface = surfaces.open(untrusted.surface, "window", null);
      return {
        type: "windowOpened",
        window: {
          surface: surface.id,
          kind,
          pid: untrusted.pid === 0 ? null : untrusted.pid,
          launch: untrusted.launch === 0 ? null : untrusted.launch,
          title,
          appId,
          parent,
          modal: untrusted.modal,
          hints,
          clientDecorated: untrusted.decoration === Decoration.CLIENT,
        },
      };
    }
    case "windowChanged": {
      const untrusted = message.value;
      const surface = surfaces.require(untrusted.surface, "window");
      return {
        type: "windowChanged",
        surface: surface.id,
        change: {
          ...(untrusted.title === undefined ? {} : { title: acceptTitle(untrusted.title) }),
          ...(untrusted.appId === undefined ? {} : { appId: acceptAppId(untrusted.appId) }),
          ...(untrusted.parent === undefined ? {} : { parent: acceptDialogParent(untrusted.parent, surfaces) }),
          ...(untrusted.modal === undefined ? {} : { modal: untrusted.modal }),
          ...(untrusted.hints === undefined ? {} : { hints: acceptHints(untrusted.hints) }),
          ...(untrusted.decoration === undefined
            ? {}
            : { clientDecorated: untrusted.decoration === Decoration.CLIENT }),
        },
      };
    }
    case "popupOpened": {
      const untrusted = message.value;
      const kind = acceptKind(untrusted.kind);
      const rect = acceptRect(untrusted.rect);
      const surface = surfaces.open(untrusted.surface, "popup", untrusted.parent);
      return {
        type: "popupOpened",
        popup: { surface: surface.id, kind, parent: untrusted.parent as SurfaceId, rect, grab: untrusted.grab },
      };
    }
    case "popupMoved": {
      const surface = surfaces.require(message.value.surface, "popup");
      return { type: "popupMoved", surface: surface.id, rect: acceptRect(message.value.rect) };
    }
    case "subsurfaceOpened": {
      const surface = surfaces.open(message.value.surface, "subsurface", message.value.parent);
      return { type: "subsurfaceOpened", surface: surface.id, parent: message.value.parent as SurfaceId };
    }
    case "childrenPlaced":
      return acceptChildren(message.value, surfaces);
    case "windowRequested": {
      const surface = surfaces.require(message.value.surface, "window");
      return { type: "windowRequested", surface: surface.id, request: acceptRequest(message.value) };
    }
    case "pointerLockWanted": {
      const { surface } = message.value;
      return { type: "pointerLockWanted", surface: surface === 0 ? null : surfaces.require(surface).id };
    }
    case "cursorChanged":
      return { type: "cursorChanged", cursor: acceptCursor(message.value, payload) };
  }
}

function acceptChildren(untrusted: WireMessageOf<"childrenPlaced">, surfaces: SurfaceTable): SurfaceEvent {
  const parent = surfaces.require(untrusted.parent);
  if (untrusted.children.length > MAX_SURFACES) refuse("quota", `more than ${MAX_SURFACES} children`);
  const seen = new Set<number>();
  const children: PlacedChild[] = untrusted.children.map((child) => {
    if (seen.has(child.surface)) refuse("bad-parent", `child ${child.surface} is placed twice`);
    seen.add(child.surface);
    if (child.surface !== parent.id && surfaces.require(child.surface, "subsurface").parent !== parent.id) {
      refuse("bad-parent", `surface ${child.surface} is no child of ${parent.id}`);
    }
    return {
      surface: child.surface as SurfaceId,
      x: boundedInteger(child.x, -MAX_COORDINATE, MAX_COORDINATE, "child x"),
      y: boundedInteger(child.y, -MAX_COORDINATE, MAX_COORDINATE, "child y"),
    };
  });
  return { type: "childrenPlaced", parent: parent.id, children };
}

function acceptKind(untrusted: Kind): WindowKind {
  if (untrusted === Kind.WAYLAND) return "wayland";
  if (untrusted === Kind.X11) return "x11";
  return refuse("number-out-of-range", `window kind ${untrusted}`);
}

function acceptTitle(untrusted: string): string {
  return cleanText(boundedText(untrusted, MAX_TITLE_BYTES, "title"));
}

function acceptAppId(untrusted: string): string {
  return cleanText(boundedText(untrusted, MAX_APP_ID_BYTES, "application id"));
}

/** A dialog's parent that is gone already is no violation: the program may have closed it in the same moment. */
function acceptDialogParent(untrusted: number, surfaces: SurfaceTable): SurfaceId | null {
  const parent = surfaces.find(untrusted);
  if (parent === undefined) return null;
  if (parent.role !== "window") refuse("bad-parent", `surface ${untrusted} is no window`);
  return parent.id;
}

function acceptHints(untrusted: WireHints | undefined): SizeHints {
  const bound = (value: number): number | null => (value === 0 ? null : Math.min(value, MAX_SIDE_PX));
  return {
    minWidth: bound(untrusted?.minWidth ?? 0),
    minHeight: bound(untrusted?.minHeight ?? 0),
    maxWidth: bound(untrusted?.maxWidth ?? 0),
    maxHeight: bound(untrusted?.maxHeight ?? 0),
    ...acceptCells(untrusted),
  };
}

/** Any numbers make some sense: hints are a program's requests, and what they lead to is bounded by the window manager. */
function acceptCells(untrusted: WireHints | undefined): Pick<SizeHints, "cells"> {
  if (untrusted === undefined) return {};
  const { baseWidth, baseHeight, stepWidth, stepHeight, minAspect, maxAspect } = untrusted;
  const hasCells = stepWidth > 1 || stepHeight > 1;
  if (!hasCells && minAspect === 0 && maxAspect === 0) return {};
  const side = (value: number): number => Math.min(value, MAX_SIDE_PX);
  const aspect = (value: number): number | null => (value === 0 ? null : value / ASPECT_ONE);
  return {
    cells: {
      baseWidth: side(baseWidth),
      baseHeight: side(baseHeight),
      stepWidth: Math.max(1, side(stepWidth)),
      stepHeight: Math.max(1, side(stepHeight)),
      minAspect: aspect(minAspect),
      maxAspect: aspect(maxAspect),
    },
  };
}

function acceptRect(untrusted: Rect | undefined): Rect {
  if (untrusted === undefined) return refuse("number-out-of-range", "a popup without a place");
  return {
    x: boundedInteger(untrusted.x, -MAX_COORDINATE, MAX_COORDINATE, "popup x"),
    y: boundedInteger(untrusted.y, -MAX_COORDINATE, MAX_COORDINATE, "popup y"),
    width: boundedInteger(untrusted.width, 1, MAX_SIDE_PX, "popup width"),
    height: boundedInteger(untrusted.height, 1, MAX_SIDE_PX, "popup height"),
  };
}

function acceptRequest(untrusted: WireMessageOf<"windowRequested">): WindowRequest {
  switch (untrusted.request) {
    case WireRequest.MAXIMIZE:
      return { kind: "maximize" };
    case WireRequest.UNMAXIMIZE:
      return { kind: "unmaximize" };
    case WireRequest.FULLSCREEN:
      return { kind: "fullscreen" };
    case WireRequest.UNFULLSCREEN:
      return { kind: "unfullscreen" };
    case WireRequest.MINIMIZE:
      return { kind: "minimize" };
    case WireRequest.ACTIVATE:
      return { kind: "activate" };
    case WireRequest.RAISE:
      return { kind: "raise" };
    case WireRequest.UNMINIMIZE:
      return { kind: "unminimize" };
    case WireRequest.ATTENTION:
      return { kind: "attention" };
    case WireRequest.MOVE:
      return { kind: "move" };
    case WireRequest.RESIZE: {
      const edges = boundedInteger(untrusted.edges, 1, ALL_EDGES, "edges");
      const has = (edge: Edge): boolean => (edges & edge) !== 0;
      return {
        kind: "resize",
        edges: { top: has(Edge.TOP), bottom: has(Edge.BOTTOM), left: has(Edge.LEFT), right: has(Edge.RIGHT) },
      };
    }
    default:
      return refuse("number-out-of-range", `window request ${untrusted.request}`);
  }
}

function acceptCursor(untrusted: WireMessageOf<"cursorChanged">, payload: Uint8Array): CursorImage {
  if (untrusted.cursor.case === "bitmap") {
    const bitmap = untrusted.cursor.value;
    const width = boundedInteger(bitmap.width, 1, MAX_CURSOR_SIDE_PX, "cursor width");
    const height = boundedInteger(bitmap.height, 1, MAX_CURSOR_SIDE_PX, "cursor height");
    if (payload.length !== width * height * 4)
      refuse("bad-pixels", `cursor ${width}x${height} with ${payload.length} bytes`);
    return {
      kind: "bitmap",
      width,
      height,
      hotX: boundedInteger(bitmap.hotX, 0, width - 1, "cursor hot spot"),
      hotY: boundedInteger(bitmap.hotY, 0, height - 1, "cursor hot spot"),
      scale: boundedInteger(bitmap.scale, 1, MAX_SCALE, "cursor scale"),
      pixels: payload,
    };
  }
  if (payload.length > 0) refuse("unexpected-payload", "cursor shape with bytes");
  if (untrusted.cursor.case === undefined)
    return refuse("number-out-of-range", "a cursor that is neither shape nor bitmap");
  return { kind: "shape", name: boundedText(untrusted.cursor.value, MAX_SHAPE_BYTES, "cursor shape") };
}
