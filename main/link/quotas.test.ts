/** How much a guest may send in a time: at each bound, and one above it. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  MAX_CONTROL_BYTES_BURST,
  MAX_CONTROL_BYTES_PER_S,
  MAX_CONTROL_MESSAGES_BURST,
  MAX_CONTROL_MESSAGES_PER_S,
  MAX_UNKNOWN_MESSAGES_BURST,
  MAX_UNKNOWN_MESSAGES_PER_S,
} from "#shared/protocol/limits.ts";
import type { SessionResult } from "#shared/protocol/session.ts";
import { Quotas } from "./quotas.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const ofBytes = (header: number, payload: number): { header: Uint8Array; payload: Uint8Array } => ({
  header: new Uint8Array(header),
  payload: new Uint8Array(payload),
});
const EMPTY = ofBytes(0, 0);

/** The words of the first that was too many, or null. */
function refusal(count: number, send: () => { detail: string } | null): string | null {
  for (let at = 0; at < count; at += 1) {
    const violation = send();
    if (violation !== null) return violation.detail;
  }
  return null;
}

describe("on control", () => {
  it("messages are bounded: so many at once, then so many a second", () => {
    const quotas = new Quotas();
    const send = (count: number): string | null => refusal(count, () => quotas.received("control", EMPTY));
    expect(send(MAX_CONTROL_MESSAGES_BURST)).toBeNull();
    expect(quotas.received("control", EMPTY)).toEqual({
      code: "flood",
      detail: `more than ${MAX_CONTROL_MESSAGES_PER_S} control messages a second`,
    });
    vi.advanceTimersByTime(1000);
    expect(send(MAX_CONTROL_MESSAGES_PER_S)).toBeNull();
    expect(send(1)).not.toBeNull();
  });

  it("bytes are bounded, of headers and payloads together", () => {
    const quotas = new Quotas();
    const quarter = MAX_CONTROL_BYTES_BURST / 4;
    for (const message of [ofBytes(quarter, quarter), ofBytes(0, quarter), ofBytes(quarter, 0)])
      expect(quotas.received("control", message)).toBeNull();
    expect(quotas.received("control", EMPTY)).toBeNull();
    for (const message of [ofBytes(1, 0), ofBytes(0, 1)])
      expect(quotas.received("control", message)).toEqual({
        code: "flood",
        detail: `more than ${MAX_CONTROL_BYTES_PER_S} bytes of control messages a second`,
      });
    vi.advanceTimersByTime(1000);
    const second = ofBytes(MAX_CONTROL_BYTES_PER_S - 1, 1);
    expect(quotas.received("control", second)).toBeNull();
    expect(quotas.received("control", ofBytes(1, 0))).not.toBeNull();
  });
});

it.each(["frames", "bulk"] as const)("on %s neither is: that port has bounds of its own", (port) => {
  const quotas = new Quotas();
  const large = ofBytes(1, MAX_CONTROL_BYTES_BURST);
  expect(quotas.received(port, large)).toBeNull();
  expect(refusal(MAX_CONTROL_MESSAGES_BURST + 1, () => quotas.received(port, EMPTY))).toBeNull();
});

it("unknown messages are bounded, and those that are accepted are not", () => {
  const quotas = new Quotas();
  const unknown = { kind: "unknown" } as SessionResult;
  const accepted = { kind: "accepted" } as SessionResult;
  expect(refusal(MAX_UNKNOWN_MESSAGES_BURST * 2, () => quotas.accepted(accepted))).toBeNull();
  expect(refusal(MAX_UNKNOWN_MESSAGES_BURST, () => quotas.accepted(unknown))).toBeNull();
  expect(quotas.accepted(unknown)).toEqual({
    code: "flood",
    detail: `more than ${MAX_UNKNOWN_MESSAGES_PER_S} unknown messages a second`,
  });
  expect(quotas.accepted(accepted)).toBeNull();
  vi.advanceTimersByTime(1000);
  expect(refusal(MAX_UNKNOWN_MESSAGES_PER_S, () => quotas.accepted(unknown))).toBeNull();
  expect(quotas.accepted(unknown)).not.toBeNull();
});
