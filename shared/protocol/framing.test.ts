import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { describe, expect, it } from "vitest";
import { EchoFinder, encodeMessage, MAGIC, MessageReader, opening, type RawMessage } from "./framing.ts";
import { EPOCH_BYTES, MAX_DISCARDED_BYTES, MAX_HEADER_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";

const epoch = Uint8Array.from({ length: EPOCH_BYTES }, (_, i) => i + 1);

function lengths(length: number, headerLength: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, length, true);
  new DataView(bytes.buffer).setUint32(4, headerLength, true);
  return bytes;
}

function readAll(chunks: Uint8Array[]): { messages: RawMessage[]; result: ReturnType<MessageReader["read"]> } {
  const reader = new MessageReader();
  const messages: RawMessage[] = [];
  let result: ReturnType<MessageReader["read"]> = { ok: true };
  for (const chunk of chunks) result = reader.read(chunk, (message) => messages.push(message));
  return { messages, result };
}

function split(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.slice(from, at[i] ?? bytes.length));
}

describe("MessageReader", () => {
  it("gives back what encodeMessage made, however it is split", () => {
    const messages = fc.array(
      fc.record({ header: fc.uint8Array({ minLength: 1, maxLength: 50 }), payload: fc.uint8Array({ maxLength: 300 }) }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(messages, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(({ header, payload }) => encodeMessage(header, payload)));
        const { messages: got, result } = readAll(split(new Uint8Array(bytes), cuts));
        expect(result).toEqual({ ok: true });
        expect(got).toEqual(sent);
      }),
    );
  });

  it("makes messages or an error of any bytes, never a throw, never a buffer above the limit", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const { messages, result } = readAll(chunks);
        for (const { header, payload } of messages)
          expect(header.length + payload.length + 4).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
        expect(typeof result.ok).toBe("boolean");
      }),
      tries(2000),
    );
  });

  it.each([
    [lengths(0, 0), "length-too-small"],
    [lengths(3, 0), "length-too-small"],
    [lengths(4, 1), "header-too-large"],
    [lengths(MAX_MESSAGE_BYTES + 1, 1), "length-too-large"],
    [lengths(0xffff_ffff, 1), "length-too-large"],
    [lengths(100, 97), "header-too-large"],
    [lengths(MAX_MESSAGE_BYTES, MAX_HEADER_BYTES + 1), "header-too-large"],
    [MAGIC, "length-too-large"],
  ])("refuses the lengths %o as %s", (bytes, error) => {
    expect(readAll([bytes]).result).toEqual({ ok: false, error });
  });

  it("takes a message of exactly the largest size", () => {
    const header = new Uint8Array(MAX_HEADER_BYTES).fill(7);
    const payload = new Uint8Array(MAX_MESSAGE_BYTES - 4 - MAX_HEADER_BYTES).fill(9);
    const { messages } = readAll([encodeMessage(header, payload)]);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.payload.length).toBe(payload.length);
    expect(() => encodeMessage(header, new Uint8Array(payload.length + 1))).toThrow(RangeError);
  });

  it.each([0, MAX_HEADER_BYTES + 1])("is sent no message with a header of %i bytes", (length) => {
    expect(() => encodeMessage(new Uint8Array(length))).toThrow(RangeError);
  });

  it("takes a message without header and payload, and one without payload", () => {
    const { messages, result } = readAll([lengths(4, 0), lengths(5, 1), Uint8Array.of(7)]);
    expect(result).toEqual({ ok: true });
    expect(messages).toEqual([
      { header: new Uint8Array(0), payload: new Uint8Array(0) },
      { header: Uint8Array.of(7), payload: new Uint8Array(0) },
    ]);
  });

  it.each([
    [3, "length-too-small"],
    [MAX_MESSAGE_BYTES + 1, "length-too-large"],
  ])("refuses the length %i before the header's is there", (length, error) => {
    expect(readAll([lengths(length, 0).slice(0, 3)]).result).toEqual({ ok: true });
    expect(readAll([lengths(length, 0).slice(0, 4)]).result).toEqual({ ok: false, error });
  });

  it("hands over nothing of a message that is refused, nor what follows it", () => {
    const { messages, result } = readAll([lengths(5, 2), Uint8Array.of(1), encodeMessage(Uint8Array.of(1))]);
    expect(messages).toEqual([]);
    expect(result).toEqual({ ok: false, error: "header-too-large" });
  });

  it("stays broken after an error", () => {
    const reader = new MessageReader();
    reader.read(lengths(0, 0), () => undefined);
    const seen: RawMessage[] = [];
    expect(reader.read(encodeMessage(Uint8Array.of(1)), (message) => seen.push(message)).ok).toBe(false);
    expect(seen).toEqual([]);
  });

  it("knows that a message has begun", () => {
    const reader = new MessageReader();
    expect(reader.isPartial).toBe(false);
    const message = encodeMessage(Uint8Array.of(1, 2));
    for (const at of message.keys()) {
      reader.read(message.slice(at, at + 1), () => undefined);
      expect(reader.isPartial).toBe(at + 1 < message.length);
    }
  });
});

describe("EchoFinder", () => {
  it("finds the echo behind any garbage, however it is split", () => {
    const near = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.nat(MAGIC.length + EPOCH_BYTES - 1).map((n) => opening(epoch).slice(0, n)),
    );
    fc.assert(
      fc.property(fc.array(near, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 10 }), (garbage, cuts) => {
        const before = Buffer.concat(garbage);
        // Pieces may happen to make the echo itself.
        fc.pre(!before.includes(Buffer.from(opening(epoch))));
        const stream = new Uint8Array(Buffer.concat([before, opening(epoch), Buffer.from("rest")]));
        const finder = new EchoFinder(epoch);
        let passed = 0;
        for (const chunk of split(stream, cuts)) {
          const found = finder.search(chunk);
          if (typeof found === "number") {
            expect(passed + found).toBe(before.length + MAGIC.length + EPOCH_BYTES);
            return;
          }
          passed += chunk.length;
        }
        expect.unreachable("the echo was not found");
      }),
    );
  });

  it("does not take another epoch for its own", () => {
    const other = epoch.slice();
    other[EPOCH_BYTES - 1] = 99;
    expect(new EchoFinder(epoch).search(opening(other))).toBe("more");
  });

  it("gives up after the limit", () => {
    const finder = new EchoFinder(epoch);
    const chunk = new Uint8Array(1024 * 1024);
    for (let passed = 0; passed < MAX_DISCARDED_BYTES; passed += chunk.length)
      expect(finder.search(chunk)).toBe("more");
    expect(finder.search(Uint8Array.of(0))).toBe("no-echo");
  });

  it("finds the echo behind a beginning of it that is a part of the epoch, too", () => {
    const own = Uint8Array.from([...MAGIC, ...MAGIC.slice(0, -1), 0]);
    // What matched until its last byte holds the beginning of the true one.
    const stream = Uint8Array.from([...MAGIC, ...opening(own)]);
    expect(new EchoFinder(own).search(stream)).toBe(stream.length);
  });

  it("takes nothing for the echo in which a byte is wrong, or that is put together of its parts", () => {
    const wanted = opening(epoch);
    for (const at of wanted.keys()) {
      const before = wanted.slice(0, at);
      expect(new EchoFinder(epoch).search(Uint8Array.from([...before, 0xff, ...wanted.slice(at + 1)]))).toBe("more");
      for (let from = 1; from < at; from += 1)
        expect(new EchoFinder(epoch).search(Uint8Array.from([...before, ...wanted.slice(from)]))).toBe("more");
    }
  });

  it.each([EPOCH_BYTES - 1, EPOCH_BYTES + 1])("has no epoch of %i bytes", (length) => {
    expect(() => new EchoFinder(new Uint8Array(length))).toThrow(RangeError);
  });
});
