/** A violation of the protocol by a guest: a value, never an exception that travels. It costs the guest its channels. */
import { utf8Bytes } from "../model/text.ts";

export type ViolationCode =
  | "length-too-small"
  | "length-too-large"
  | "header-too-large"
  | "no-echo"
  | "header-malformed"
  | "stalled"
  | "wrong-port"
  | "wrong-direction"
  | "wrong-state"
  | "wrong-version"
  | "unexpected-payload"
  | "flood"
  | "quota"
  | "text-too-long"
  | "number-out-of-range"
  | "unknown-surface"
  | "surface-reused"
  | "wrong-role"
  | "bad-parent"
  | "no-credit"
  | "bad-frame"
  | "bad-pixels"
  | "unknown-request"
  | "unknown-exec"
  | "unknown-stream"
  | "unknown-offer"
  | "unknown-type"
  | "unknown-transfer"
  | "unknown-file"
  | "unknown-watch"
  | "unknown-folder"
  | "unknown-act"
  | "bad-path";

export interface Violation {
  code: ViolationCode;
  /** For people and the log; holds no text of the guest. */
  detail: string;
}

/** Thrown by what accepts messages, and caught by session.ts, which turns it into a value. */
export class ViolationError extends Error {
  readonly violation: Violation;
  constructor(code: ViolationCode, detail: string) {
    super(`${code}: ${detail}`);
    this.violation = { code, detail };
  }
}

export function refuse(code: ViolationCode, detail: string): never {
  throw new ViolationError(code, detail);
}

/** The guest's text, if it is within `maxBytes` of UTF-8. */
export function boundedText(untrustedText: string, maxBytes: number, what: string): string {
  if (untrustedText.length > maxBytes || utf8Bytes(untrustedText) > maxBytes) {
    refuse("text-too-long", `${what} is longer than ${maxBytes} bytes`);
  }
  return untrustedText;
}

/** Of a uint32, as ids are. */
export const MAX_U32 = 0xffff_ffff;
/** Seconds since 1970; beyond are no times: about 35,000 years. */
export const MAX_TIME_S = 2 ** 40;

/** The guest's number, if it is an integer within the bounds. */
export function boundedInteger(untrustedNumber: number, min: number, max: number, what: string): number {
  if (!Number.isSafeInteger(untrustedNumber) || untrustedNumber < min || untrustedNumber > max) {
    refuse("number-out-of-range", `${what} ${untrustedNumber} is not within ${min}..${max}`);
  }
  return untrustedNumber;
}
