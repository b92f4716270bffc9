/**
 * The session of one VM, host's side: the handshake, and which messages may come where. Pure: what a message means is its
 * service's business. The ports' opening (magic, epoch) is framing.ts; this begins behind it.
 *
 *   awaiting-hello --Hello--> open --first violation--> closed
 *
 * After a violation nothing is accepted any more: the link closes the VM's channels.
 */
import { cleanText } from "../model/text.ts";
import { decodeHeader, type WireMessage, type WireMessageOf } from "./header.ts";
import { MAX_AGENT_BYTES } from "./limits.ts";
import type { PortName, RouteTable } from "./routes.ts";
import { boundedText, refuse, type Violation, ViolationError } from "./violation.ts";

export const PROTOCOL_MAJOR = 2;
export const PROTOCOL_MINOR = 1;

export type SessionResult =
  /** To be answered by Welcome; `minor` is the one that both speak. */
  | { kind: "hello"; agent: string; minor: number }
  /** A service has taken it. */
  | { kind: "accepted" }
  /** Skipped: a message of a newer minor version. */
  | { kind: "unknown" }
  /** Dropped: the session is closed. */
  | { kind: "closed" }
  | { kind: "violation"; violation: Violation };

/** Takes a message of an agent that is routed as it must be. May throw ViolationError. `payload` is owned by the receiver. */
export type Dispatch = (message: WireMessage, payload: Uint8Array) => void;

export class Session {
  readonly #routes: RouteTable;
  readonly #dispatch: Dispatch;
  #state: "awaiting-hello" | "open" | "closed" = "awaiting-hello";

  constructor(routes: RouteTable, dispatch: Dispatch) {
    this.#routes = routes;
    this.#dispatch = dispatch;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** One message of the agent. Throws nothing but what is our own mistake. */
  accept(port: PortName, untrustedHeader: Uint8Array, payload: Uint8Array): SessionResult {
    if (this.#state === "closed") return { kind: "closed" };
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
    const route = this.#routes.toHost.get(message.case);
    if (route === undefined) return refuse("wrong-direction", `${message.case} is the host's to send`);
    if (route.port !== port) refuse("wrong-port", `${message.case} on ${port}`);
    if (!route.payload && payload.length > 0)
      refuse("unexpected-payload", `${message.case} with ${payload.length} bytes`);
    if ((message.case === "hello") !== (this.#state === "awaiting-hello"))
      refuse("wrong-state", `${message.case} while ${this.#state}`);
    if (message.case === "hello") return this.#hello(message.value);
    this.#dispatch(message, payload);
    return { kind: "accepted" };
  }

  #hello(untrusted: WireMessageOf<"hello">): SessionResult {
    if (untrusted.major !== PROTOCOL_MAJOR)
      refuse("wrong-version", `agent speaks version ${untrusted.major}, the host ${PROTOCOL_MAJOR}`);
    const agent = cleanText(boundedText(untrusted.agent, MAX_AGENT_BYTES, "agent"));
    this.#state = "open";
    return { kind: "hello", agent, minor: Math.min(untrusted.minor, PROTOCOL_MINOR) };
  }
}
