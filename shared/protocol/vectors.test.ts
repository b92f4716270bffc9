import fs from "node:fs";
import path from "node:path";
import { create, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { readVectors, withBitsFlipped } from "#shared/testing/vectors.ts";
import { encodeMessage, MessageReader, type RawMessage } from "./framing.ts";
import { HeaderSchema } from "./gen/atoll_pb.ts";
import { decodeHeader } from "./header.ts";

const vectors = readVectors(fs.readFileSync(path.join(import.meta.dirname, "vectors.txt"), "utf8"));

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
    const encoded = Buffer.from(encodeMessage(header, bytes.subarray(bytes.length - payloadBytes)));
    // Not compared by `expect`, which takes seconds for a megabyte.
    expect(encoded.equals(bytes), encoded.subarray(0, 200).toString("hex")).toBe(true);
  });

  it("name every message of the wire", () => {
    const named = new Set(
      vectors
        .filter(({ text }) => text.startsWith("{"))
        .map(({ text }) => Object.keys(JSON.parse(text.split(" + ")[0] ?? "") as object)[0]),
    );
    expect(named).toEqual(new Set(HeaderSchema.fields.map(({ localName }) => localName)));
  });

  it("with a bit flipped are read or refused, never a throw", () => {
    const thrown: string[] = [];
    for (const { name, bytes } of vectors.filter(({ bytes: all }) => all.length < 400)) {
      for (const flipped of withBitsFlipped(bytes)) {
        try {
          new MessageReader().read(flipped, ({ header }) => void decodeHeader(header));
        } catch (error) {
          thrown.push(`${name}: ${String(error)}`);
        }
      }
    }
    expect(thrown).toEqual([]);
  });
});
