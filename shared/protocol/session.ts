/**
 * The session state machine of one VM, host's side: who may say what, when. Pure: a message in, an accepted event or a
 * violation out. The ports' opening (magic, epoch) is framing.ts; this begins behind it.
 *
 *   awaiting-hello --Hello--> open --first violation--> closed
 *
 * After a violation nothing is accepted any more: the link closes the VM's channels.
 */
import type { CursorImage, FrameMessage, SurfaceEvent } from "../ipc/link-port.ts";
import { cleanText } from "../model/text.ts";
import type { PlacedChild, Rect, SizeHints, SurfaceId, WindowKind, WindowRequest } from "../model/window.ts";
import { type PortName, ROUTES } from "./directions.ts";
import { type ExecEvent, ExecTable } from "./execs.ts";
import { failureKind, type FailureKind } from "./failure.ts";
import { acceptFrame } from "./frame-check.ts";
import { Decoration, Kind, type SizeHints as WireHints, WindowRequest as WireRequest } from "./gen/atoll_pb.ts";
import { decodeHeader, type WireMessage, type WireMessageOf } from "./header.ts";
import {
  BOOT_ID_BYTES,
  MAX_AGENT_BYTES,
  MAX_APP_ID_BYTES,
  MAX_APP_LIST,
  MAX_APP_TEXT_BYTES,
  MAX_APPS,
  MAX_COORDINATE,
  MAX_CURSOR_SIDE_PX,
  MAX_DETAIL_BYTES,
  MAX_FEATURE_BYTES,
  MAX_FEATURES,
  MAX_SCALE,
  MAX_SHAPE_BYTES,
  MAX_SIDE_PX,
  MAX_SURFACES,
  MAX_TITLE_BYTES,
} from "./limits.ts";
import { SurfaceTable } from "./surfaces.ts";
import { boundedInteger, boundedText, refuse, type Violation, ViolationError } from "./violation.ts";

export const PROTOCOL_MAJOR = 2;
export const PROTOCOL_MINOR = 0;

export interface GuestApp {
  id: string;
  name: string;
  comment: string;
  icon: string;
  mimeTypes: string[];
  categories: string[];
}

export type SessionEvent =
  | { type: "hello"; agent: string; minor: number; features: string[]; bootId: string }
  | { type: "surface"; event: SurfaceEvent }
  | FrameMessage
  | { type: "retired"; surfaces: SurfaceId[]; event: SurfaceEvent }
  | { type: "launched"; request: number; pid: number }
  | { type: "requestFailed"; request: number; code: FailureKind; detail: string }
  | { type: "apps"; request: number; apps: GuestApp[] }
  | { type: "appsChanged" }
  | { type: "pong"; nonce: bigint }
  | ExecEvent;

export type SessionResult =
  | { kind: "event"; event: SessionEvent }
  /** Accepted, and of no consequence: a late picture, a part of an answer. */
  | { kind: "nothing" }
  /** Skipped: a message of a newer minor version. */
  | { kind: "unknown" }
  | { kind: "violation"; violation: Violation };

const NOTHING: SessionResult = { kind: "nothing" };

export class Session {
  readonly surfaces = new SurfaceTable();
  readonly execs = new ExecTable();
  #state: "awaiting-hello" | "open" | "closed" = "awaiting-hello";
  /** Requests of ours that wait for an answer; apps = what has come of a list. */
  readonly #requests = new Map<number, { kind: "launch" } | { kind: "apps"; apps: GuestApp[] }>();
  readonly #pings = new Set<bigint>();
  /** Numbers of the launches that were asked for. */
  readonly #launches = new Set<number>();

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Before a request is sent: which answer may come. */
  expect(kind: "launch" | "apps", request: number): void {
    this.#requests.set(request, kind === "launch" ? { kind } : { kind, apps: [] });
    if (kind === "launch") this.#launches.add(request);
  }

  expectPong(nonce: bigint): void {
    this.#pings.add(nonce);
  }

  /** One message of the guest. `payload` becomes part of the event. Never throws. */
  accept(port: PortName, untrustedHeader: Uint8Array, payload: Uint8Array): SessionResult {
    if (this.#state === "closed") return NOTHING;
    try {
      const decoded = decodeHeader(untrustedHeader);
      if (decoded.kind === "malformed") refuse("header-malformed", `a header on ${port} is no protobuf`);
      if (decoded.kind === "unknown") return { kind: "unknown" };
      return this.#route(port, decoded.message, payload);
    } catch (thrown) {
      if (!(thrown instanceof ViolationError)) throw thrown;
      this.#state = "closed";
      return { kind: "violation", violation: thrown.violation };
    }
  }

  #route(port: PortName, message: WireMessage, payload: Uint8Array): SessionResult {
    const route = ROUTES[message.case];
    if (route.direction === "to-agent") refuse("wrong-direction", `${message.case} is the host's to say`);
    if (route.port !== port) refuse("wrong-port", `${message.case} on ${port}`);
    if (!route.payload && payload.length > 0)
      refuse("unexpected-payload", `${message.case} with ${payload.length} bytes`);
    if ((message.case === "hello") !== (this.#state === "awaiting-hello"))
      refuse("wrong-state", `${message.case} while ${this.#state}`);
    if (message.case === "frame") {
      const frame = acceptFrame(message.value, payload, this.surfaces);
      return frame === null ? NOTHING : { kind: "event", event: frame };
    }
    const event = port === "bulk" ? this.execs.accept(message, payload) : this.#control(message, payload);
    return event === null ? NOTHING : { kind: "event", event };
  }

  #control(message: WireMessage, payload: Uint8Array): SessionEvent | null {
    switch (message.case) {
      case "hello":
        return this.#hello(message.value);
      case "windowOpened":
      case "popupOpened":
      case "subsurfaceOpened":
      case "windowChanged":
      case "popupMoved":
      case "childrenPlaced":
      case "windowRequested": {
        const event = acceptSurfaceMessage(message, this.surfaces);
        // A launch of an earlier epoch, or of none: a window that answers a launch may take focus.
        if (event.type === "windowOpened" && event.window.launch !== null && !this.#launches.has(event.window.launch))
          event.window = { ...event.window, launch: null };
        return { type: "surface", event };
      }
      case "surfaceClosed": {
        const surfaces = this.surfaces.close(message.value.surface);
        return {
          type: "retired",
          surfaces,
          event: { type: "surfaceClosed", surface: message.value.surface as SurfaceId },
        };
      }
      case "cursorChanged":
        return { type: "surface", event: { type: "cursorChanged", cursor: acceptCursor(message.value, payload) } };
      case "launched":
        if (this.#requests.get(message.value.request)?.kind !== "launch")
          refuse("unknown-request", `launched ${message.value.request}`);
        this.#requests.delete(message.value.request);
        return { type: "launched", request: message.value.request, pid: message.value.pid };
      case "requestFailed":
        if (!this.#requests.delete(message.value.request))
          refuse("unknown-request", `request ${message.value.request} failed`);
        return {
          type: "requestFailed",
          request: message.value.request,
          code: failureKind(message.value.code),
          detail: cleanText(boundedText(message.value.detail, MAX_DETAIL_BYTES, "detail")),
        };
      case "apps":
        return this.#apps(message.value);
      case "appsChanged":
        return { type: "appsChanged" };
      case "pong":
        if (!this.#pings.delete(message.value.nonce)) refuse("unknown-request", "pong without a ping");
        return { type: "pong", nonce: message.value.nonce };
      default:
        return refuse("wrong-port", `${message.case} on control`);
    }
  }

  #hello(untrusted: WireMessageOf<"hello">): SessionEvent {
    if (untrusted.major !== PROTOCOL_MAJOR)
      refuse("wrong-version", `agent speaks version ${untrusted.major}, the host ${PROTOCOL_MAJOR}`);
    if (untrusted.features.length > MAX_FEATURES) refuse("quota", `more than ${MAX_FEATURES} features`);
    if (untrusted.bootId.length !== BOOT_ID_BYTES)
      refuse("number-out-of-range", `boot id of ${untrusted.bootId.length} bytes`);
    this.#state = "open";
    return {
      type: "hello",
      agent: cleanText(boundedText(untrusted.agent, MAX_AGENT_BYTES, "agent")),
      minor: Math.min(untrusted.minor, PROTOCOL_MINOR),
      features: untrusted.features.map((feature) => boundedText(feature, MAX_FEATURE_BYTES, "feature")),
      bootId: Array.from(untrusted.bootId, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    };
  }

  #apps(untrusted: WireMessageOf<"apps">): SessionEvent | null {
    const request = this.#requests.get(untrusted.request);
    if (request?.kind !== "apps") return refuse("unknown-request", `applications for request ${untrusted.request}`);
    if (request.apps.length + untrusted.apps.length > MAX_APPS) refuse("quota", `more than ${MAX_APPS} applications`);
    for (const app of untrusted.apps) {
      const text = (value: string): string => cleanText(boundedText(value, MAX_APP_TEXT_BYTES, "application"));
      const list = (values: string[]): string[] => {
        if (values.length > MAX_APP_LIST) refuse("quota", `more than ${MAX_APP_LIST} types of an application`);
        return values.map(text);
      };
      request.apps.push({
        id: text(app.id),
        name: text(app.name),
        comment: text(app.comment),
        icon: text(app.icon),
        mimeTypes: list(app.mimeTypes),
        categories: list(app.categories),
      });
    }
    if (!untrusted.last) return null;
    this.#requests.delete(untrusted.request);
    return { type: "apps", request: untrusted.request, apps: request.apps };
  }
}

type SurfaceMessage = Extract<
  WireMessage,
  {
    case:
      | "windowOpened"
      | "popupOpened"
      | "subsurfaceOpened"
      | "windowChanged"
      | "popupMoved"
      | "childrenPlaced"
      | "windowRequested";
  }
>;

function acceptSurfaceMessage(message: SurfaceMessage, surfaces: SurfaceTable): SurfaceEvent {
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

/** A dialog's parent that is gone already is no breach: the program may have closed it in the same moment. */
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
    case WireRequest.MOVE:
      return { kind: "move" };
    case WireRequest.RESIZE: {
      const edges = boundedInteger(untrusted.edges, 1, 15, "edges");
      return {
        kind: "resize",
        edges: { top: (edges & 1) !== 0, bottom: (edges & 2) !== 0, left: (edges & 4) !== 0, right: (edges & 8) !== 0 },
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
