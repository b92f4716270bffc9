/**
 * How much one guest may send in a time, whatever it is: counts the messages of its link, and says when there are too many.
 * What one kind of message costs beyond that is bounded by its service.
 */
import type { RawMessage } from "#shared/protocol/framing.ts";
import {
  MAX_CONTROL_BYTES_BURST,
  MAX_CONTROL_BYTES_PER_S,
  MAX_CONTROL_MESSAGES_BURST,
  MAX_CONTROL_MESSAGES_PER_S,
  MAX_UNKNOWN_MESSAGES_BURST,
  MAX_UNKNOWN_MESSAGES_PER_S,
} from "#shared/protocol/limits.ts";
import type { PortName } from "#shared/protocol/routes.ts";
import type { SessionResult } from "#shared/protocol/session.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import { RateLimit } from "./rate-limit.ts";

export class Quotas {
  readonly #messages = new RateLimit(MAX_CONTROL_MESSAGES_PER_S, MAX_CONTROL_MESSAGES_BURST);
  readonly #bytes = new RateLimit(MAX_CONTROL_BYTES_PER_S, MAX_CONTROL_BYTES_BURST);
  readonly #unknown = new RateLimit(MAX_UNKNOWN_MESSAGES_PER_S, MAX_UNKNOWN_MESSAGES_BURST);

  /** Frames have their credits, and `bulk` is read at a pace (port-channel.ts): what is left is `control`. */
  received(port: PortName, { header, payload }: RawMessage): Violation | null {
    if (port !== "control") return null;
    if (!this.#messages.take()) return flood(`more than ${MAX_CONTROL_MESSAGES_PER_S} control messages a second`);
    if (!this.#bytes.take(header.length + payload.length))
      return flood(`more than ${MAX_CONTROL_BYTES_PER_S} bytes of control messages a second`);
    return null;
  }

  /** What the session made of the message. */
  accepted(result: SessionResult): Violation | null {
    // A message of a newer minor version: no other bound holds for it.
    if (result.kind === "unknown" && !this.#unknown.take())
      return flood(`more than ${MAX_UNKNOWN_MESSAGES_PER_S} unknown messages a second`);
    return null;
  }
}

function flood(detail: string): Violation {
  return { code: "flood", detail };
}
