import fs from "node:fs";
import path from "node:path";
import { create, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { PORTS, ROUTES } from "./directions.ts";
import { encodeMessage, MessageReader, type RawMessage } from "./framing.ts";
import { HeaderSchema } from "./gen/atoll_pb.ts";
import { decodeHeader, type WireMessageName } from "./header.ts";
import { PROTOCOL_MAJOR, Session } from "./session.ts";
import { encodeHeader } from "./header.ts";

interface Vector {
  name: string;
  bytes: Uint8Array;
  text: string;
}

/** The form is described at the top of the file itself. */
const vectors: Vector[] = fs
  .readFileSync(path.join(import.meta.dirname, "vectors.txt"), "utf8")
  .split("\n")
  .filter((line) => line.trim() !== "" && !line.startsWith("#"))
  .map((line) => {
    const [name = "", hex = "", ...text] = line.split("|").map((cell) => cell.trim());
    const full = hex.replaceAll(/([0-9a-f]{2})\*(\d+)/g, (_all, byte: string, count: string) =>
      byte.repeat(Number(count)),
    );
    return { name, bytes: new Uint8Array(Buffer.from(full.replaceAll(" ", ""), "hex")), text: text.join("|") };
  });

/** The form of a vector's text. */
function describeBytes(bytes: Uint8Array): string {
  const messages: RawMessage[] = [];
  const reader = new MessageReader();
  const result = reader.read(bytes, (message) => messages.push(message));
  if (!result.ok) return `!${result.error}`;
  const [message] = messages;
  if (message === undefined || reader.isPartial) return "!truncated";
  const decoded = decodeHeader(message.header);
  if (decoded.kind === "malformed") return "!header-malformed";
  if (decoded.kind === "unknown") return "?unknown";
  const json = toJsonString(HeaderSchema, create(HeaderSchema, { message: decoded.message }));
  return message.payload.length === 0 ? json : `${json} + ${message.payload.length} bytes`;
}

describe("golden vectors", () => {
  it.each(vectors)("$name", ({ bytes, text }) => {
    expect(describeBytes(bytes)).toBe(text);
  });

  it.each(vectors.filter(({ text }) => text.startsWith("{")))("$name encodes to the same bytes", ({ bytes, text }) => {
    const [json = "", payload = "0 bytes"] = text.split(" + ");
    const header = toBinary(HeaderSchema, fromJsonString(HeaderSchema, json));
    const payloadBytes = Number.parseInt(payload, 10);
    expect(Buffer.from(encodeMessage(header, bytes.subarray(bytes.length - payloadBytes)))).toEqual(Buffer.from(bytes));
  });

  it("name every message of the wire", () => {
    const named = new Set(
      vectors
        .filter(({ text }) => text.startsWith("{"))
        .map(({ text }) => Object.keys(JSON.parse(text.split(" + ")[0] ?? "") as object)[0]),
    );
    expect(named).toEqual(new Set(Object.keys(ROUTES)));
  });

  it("with a byte flipped are messages or errors, never a throw", () => {
    for (const { bytes } of vectors.filter(({ bytes: all }) => all.length < 400)) {
      for (let at = 0; at < bytes.length * 8; at += 1) {
        const flipped = bytes.slice();
        flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
        const session = new Session();
        session.accept(
          "control",
          encodeHeader("hello", { major: PROTOCOL_MAJOR, bootId: new Uint8Array(16) }),
          new Uint8Array(0),
        );
        new MessageReader().read(flipped, ({ header, payload }) => {
          const decoded = decodeHeader(header);
          const name: WireMessageName | undefined = decoded.kind === "message" ? decoded.message.case : undefined;
          for (const port of name === undefined ? PORTS : [ROUTES[name].port]) {
            expect(["event", "nothing", "unknown", "violation"]).toContain(session.accept(port, header, payload).kind);
          }
        });
      }
    }
  });
});
