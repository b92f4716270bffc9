import { describe, expect, it } from "vitest";
import { encodeHeader, type WireMessageInit, type WireMessageName } from "./header.ts";
import { MAX_AGENT_BYTES } from "./limits.ts";
import { BULK, CONTROL, type PortName, routeTable, SESSION_MESSAGES, withPayload } from "./routes.ts";
import { PROTOCOL_MAJOR, PROTOCOL_MINOR, Session, type SessionResult } from "./session.ts";
import { refuse } from "./violation.ts";

const NO_BYTES = new Uint8Array(0);
const ROUTES = routeTable([
  SESSION_MESSAGES,
  {
    accepts: { pong: CONTROL, streamData: withPayload(BULK) },
    sends: { ping: CONTROL, streamData: withPayload(BULK) },
  },
]);

/** A pong whose nonce is 13 is a violation of its service's. */
function newSession(taken: string[] = []): Session {
  return new Session(ROUTES, (message) => {
    if (message.case === "pong" && message.value.nonce === 13n) refuse("unknown-request", "13");
    taken.push(message.case);
  });
}

function openSession(taken: string[] = []): Session {
  const session = newSession(taken);
  expect(say(session, "hello", { major: PROTOCOL_MAJOR }).kind).toBe("hello");
  return session;
}

function say<Name extends WireMessageName>(
  session: Session,
  name: Name,
  value: WireMessageInit<Name>,
  payload = NO_BYTES,
  port: PortName = ROUTES.toHost.get(name)?.port ?? "control",
): SessionResult {
  return session.accept(port, encodeHeader(name, value), payload);
}

function outcomeOf(result: SessionResult): string {
  return result.kind === "violation" ? result.violation.code : result.kind;
}

describe("a session", () => {
  it("begins with hello, and nothing else is accepted before it or hello after it", () => {
    expect(outcomeOf(say(newSession(), "pong", { nonce: 1n }))).toBe("wrong-state");
    expect(outcomeOf(say(openSession(), "hello", { major: PROTOCOL_MAJOR }))).toBe("wrong-state");
  });

  it("speaks the lower minor version, and one major version", () => {
    const hello = { major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR + 5, agent: "agent\u0000 1" };
    expect(say(newSession(), "hello", hello)).toEqual({ kind: "hello", agent: "agent 1", minor: PROTOCOL_MINOR });
    expect(outcomeOf(say(newSession(), "hello", { major: PROTOCOL_MAJOR + 1 }))).toBe("wrong-version");
    const agent = "x".repeat(MAX_AGENT_BYTES + 1);
    expect(outcomeOf(say(newSession(), "hello", { major: PROTOCOL_MAJOR, agent }))).toBe("text-too-long");
  });

  it("gives each message to the services", () => {
    const taken: string[] = [];
    const session = openSession(taken);
    expect(outcomeOf(say(session, "pong", { nonce: 1n }))).toBe("accepted");
    expect(outcomeOf(say(session, "streamData", { stream: 1 }, Uint8Array.of(1)))).toBe("accepted");
    expect(taken).toEqual(["pong", "streamData"]);
  });

  it("accepts nothing more after a violation of a service's", () => {
    const taken: string[] = [];
    const session = openSession(taken);
    expect(outcomeOf(say(session, "pong", { nonce: 13n }))).toBe("unknown-request");
    expect(session.isOpen).toBe(false);
    expect(outcomeOf(say(session, "pong", { nonce: 1n }))).toBe("closed");
    expect(taken).toEqual([]);
  });

  it("is open from hello on", () => {
    expect(newSession().isOpen).toBe(false);
    expect(openSession().isOpen).toBe(true);
  });

  it("does not take a mistake of ours for the guest's", () => {
    const session = new Session(ROUTES, () => {
      throw new TypeError("ours");
    });
    say(session, "hello", { major: PROTOCOL_MAJOR });
    expect(() => say(session, "pong", { nonce: 1n })).toThrow(TypeError);
  });

  it("skips a message of a newer minor version", () => {
    expect(openSession().accept("control", Uint8Array.of(0xfa, 0x3f, 0x00), NO_BYTES).kind).toBe("unknown");
  });

  it("refuses a header that is no protobuf", () => {
    expect(outcomeOf(openSession().accept("control", Uint8Array.of(0xff, 0xff), NO_BYTES))).toBe("header-malformed");
  });

  it("refuses what is the host's to send, another port, and bytes where none may be", () => {
    expect(outcomeOf(say(openSession(), "ping", {}))).toBe("wrong-direction");
    expect(outcomeOf(say(openSession(), "welcome", {}))).toBe("wrong-direction");
    expect(outcomeOf(say(openSession(), "pong", {}, NO_BYTES, "bulk"))).toBe("wrong-port");
    expect(outcomeOf(say(openSession(), "streamData", {}, Uint8Array.of(1), "frames"))).toBe("wrong-port");
    expect(outcomeOf(say(openSession(), "pong", {}, Uint8Array.of(1)))).toBe("unexpected-payload");
  });
});

it("two services cannot accept, or send, the same message", () => {
  const pong = { accepts: { pong: CONTROL }, sends: {} };
  expect(() => routeTable([pong, pong])).toThrow("pong is declared twice");
  expect(() => routeTable([{ accepts: {}, sends: { welcome: CONTROL } }, SESSION_MESSAGES])).toThrow("welcome");
  expect(() => routeTable([pong, { accepts: {}, sends: { pong: CONTROL } }])).not.toThrow();
});
