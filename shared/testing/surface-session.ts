/** A session that knows surfaces and their frames, and nothing else: for tests of what those messages may be. */
import type { FrameMessage } from "../model/frame.ts";
import { acceptFrame } from "../protocol/frame-check.ts";
import { encodeHeader, type WireMessageInit, type WireMessageName } from "../protocol/header.ts";
import { CONTROL, FRAMES, type PortName, routeTable, SESSION_MESSAGES, withPayload } from "../protocol/routes.ts";
import { PROTOCOL_MAJOR, Session } from "../protocol/session.ts";
import {
  type AcceptedSurfaceMessage,
  acceptSurfaceMessage,
  type SurfaceMessage,
} from "../protocol/surface-messages.ts";
import { SurfaceTable } from "../protocol/surfaces.ts";

const ROUTES = routeTable([
  SESSION_MESSAGES,
  {
    accepts: {
      windowOpened: CONTROL,
      popupOpened: CONTROL,
      subsurfaceOpened: CONTROL,
      windowChanged: CONTROL,
      popupMoved: CONTROL,
      childrenPlaced: CONTROL,
      windowRequested: CONTROL,
      surfaceClosed: CONTROL,
      cursorChanged: withPayload(CONTROL),
      frame: withPayload(FRAMES),
    },
    sends: {},
  },
]);
const NO_BYTES = new Uint8Array(0);

export class SurfaceSession {
  readonly surfaces = new SurfaceTable();
  readonly session: Session;
  /** What the last message was made into. */
  #accepted: AcceptedSurfaceMessage | FrameMessage | null = null;

  constructor() {
    this.session = new Session(ROUTES, (message, payload) => {
      this.#accepted =
        message.case === "frame"
          ? acceptFrame(message.value, payload, this.surfaces)
          : acceptSurfaceMessage(message as SurfaceMessage, payload, this.surfaces);
    });
    this.say("hello", { major: PROTOCOL_MAJOR });
  }

  /** Made into this; throws where it was not accepted. */
  accept<Name extends WireMessageName>(
    name: Name,
    value: WireMessageInit<Name>,
    payload: Uint8Array = NO_BYTES,
  ): AcceptedSurfaceMessage | FrameMessage | null {
    const outcome = this.say(name, value, payload);
    if (outcome !== "accepted") throw new Error(`${name}: ${outcome}`);
    return this.#accepted;
  }

  /** "accepted", "dropped" (a late frame), "closed", or the code of the violation. */
  say<Name extends WireMessageName>(
    name: Name,
    value: WireMessageInit<Name>,
    payload: Uint8Array = NO_BYTES,
    port: PortName = ROUTES.toHost.get(name)?.port ?? "control",
  ): string {
    this.#accepted = null;
    const result = this.session.accept(port, encodeHeader(name, value), payload);
    if (result.kind === "violation") return result.violation.code;
    return result.kind === "accepted" && this.#accepted === null ? "dropped" : result.kind;
  }
}
