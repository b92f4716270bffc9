// Literal bytes in, pixels out. The blocks are written by hand from the LZ4 block format.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { beforeAll, describe, expect, it } from "vitest";
import { Decoder } from "./decoder.ts";

const wasmPath = join(import.meta.dirname, "gen/decoders.wasm");
let decoder: Decoder;

beforeAll(async () => {
  if (!existsSync(wasmPath))
    execFileSync(process.execPath, [join(import.meta.dirname, "../../../scripts/build-wasm.mjs")]);
  decoder = await Decoder.create(readFileSync(wasmPath));
}, 60_000);

const decode = (
  bytes: readonly number[] | Uint8Array,
  area: number,
  options: { encoding?: "raw" | "lz4"; opaque?: boolean } = {},
): number[] | null => {
  const { encoding = "lz4", opaque = true } = options;
  expect(decoder.load(Uint8Array.from(bytes))).toBe(true);
  const pixels = decoder.decode(0, bytes.length, area, encoding, opaque);
  return pixels === null ? null : [...pixels];
};

/** A simple encoder for the round trip: greedy matches by a table of 4-byte words. */
function encode(input: Uint8Array): number[] {
  const out: number[] = [];
  const seen = new Map<string, number>();
  let literalsFrom = 0;
  const lengths = (value: number): number[] => {
    const bytes: number[] = [];
    let rest = value - 15;
    for (; rest >= 255; rest -= 255) bytes.push(255);
    return [...bytes, rest];
  };
  const literals = (until: number, matchLength: number): void => {
    const count = until - literalsFrom;
    out.push((Math.min(count, 15) << 4) | Math.min(Math.max(matchLength - 4, 0), 15));
    if (count >= 15) out.push(...lengths(count));
    out.push(...input.subarray(literalsFrom, until));
  };
  let at = 0;
  while (at + 12 < input.length) {
    const word = input.subarray(at, at + 4).join();
    const match = seen.get(word);
    seen.set(word, at);
    if (match === undefined || at - match > 65_535) {
      at += 1;
      continue;
    }
    let length = 4;
    while (at + length < input.length - 5 && input[match + length] === input[at + length]) length += 1;
    literals(at, length);
    out.push((at - match) & 255, (at - match) >> 8);
    if (length - 4 >= 15) out.push(...lengths(length - 4));
    at += length;
    literalsFrom = at;
  }
  literals(input.length, 0);
  return out;
}

const opaqueOf = (bgrx: Uint8Array): number[] => {
  const rgba: number[] = [];
  for (let at = 0; at < bgrx.length; at += 4) rgba.push(bgrx[at + 2] ?? 0, bgrx[at + 1] ?? 0, bgrx[at] ?? 0, 255);
  return rgba;
};

describe("raw rectangles", () => {
  it("become RGBA with alpha 255, whatever the x byte says", () => {
    expect(decode([1, 2, 3, 0, 4, 5, 6, 77], 2, { encoding: "raw" })).toEqual([3, 2, 1, 255, 6, 5, 4, 255]);
  });

  it("do not touch the bytes of the rectangle that follows", () => {
    decoder.load(Uint8Array.from([1, 2, 3, 0, 4, 5, 6, 0]));
    expect([...(decoder.decode(0, 4, 1, "raw", true) ?? [])]).toEqual([3, 2, 1, 255]);
    expect([...(decoder.decode(4, 4, 1, "raw", true) ?? [])]).toEqual([6, 5, 4, 255]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])("of %i pixels leave those that follow as they were sent", (area) => {
    const pixel = (at: number): number[] => [at + 1, at + 2, at + 3, 200 - at];
    const sent = Array.from({ length: area + 9 }, (_, at) => pixel(at)).flat();
    // As a pixel alone becomes.
    const alone = (at: number, opaque: boolean): number[] => decode(pixel(at), 1, { encoding: "raw", opaque }) ?? [];
    for (const opaque of [true, false]) {
      const expected = Array.from({ length: area + 9 }, (_, at) => alone(at, opaque));
      decoder.load(Uint8Array.from(sent));
      const first = [...(decoder.decode(0, area * 4, area, "raw", opaque) ?? [])];
      const rest = [...(decoder.decode(area * 4, 36, 9, "raw", opaque) ?? [])];
      expect([first, rest]).toEqual([expected.slice(0, area).flat(), expected.slice(area).flat()]);
    }
  });

  it("with premultiplied alpha are divided by it, and saturate where a colour is above its alpha", () => {
    const pixels = [64, 32, 0, 128, 9, 9, 9, 0, 10, 20, 30, 255, 255, 1, 0, 1, 50, 0, 200, 100, 1, 2, 3, 7];
    expect(decode(pixels, 6, { encoding: "raw", opaque: false })).toEqual([
      0, 64, 128, 128, 0, 0, 0, 0, 30, 20, 10, 255, 0, 255, 255, 1, 255, 0, 128, 100, 109, 73, 36, 7,
    ]);
  });

  it("are refused when the size is another one, or lies outside the payload", () => {
    expect(decode([1, 2, 3, 4, 5], 1, { encoding: "raw" })).toBeNull();
    decoder.load(Uint8Array.from([1, 2, 3, 4]));
    expect(decoder.decode(1, 4, 1, "raw", true)).toBeNull();
    expect(decoder.decode(-1, 4, 1, "raw", true)).toBeNull();
    expect(decoder.decode(4, -4, -1, "raw", true)).toBeNull();
    expect(decoder.decode(4, -4, 1, "lz4", true)).toBeNull();
  });

  it("larger than the wire's largest message are not taken", () => {
    expect(decoder.load(new Uint8Array(1024 * 1024 + 1))).toBe(false);
  });
});

/** An LZ4 length above its four bits. */
function longLength(value: number): number[] {
  const rest = value - 15;
  return [...Array.from({ length: Math.floor(rest / 255) }, () => 255), rest % 255];
}

describe("the memory", () => {
  it("keeps the end of the longest payload while its beginning is decoded", () => {
    const literals = 1024 * 1024 - 5000;
    const pixels = Uint8Array.from({ length: literals }, (_, at) => (at * 31) % 251);
    const block = [0xf0, ...longLength(literals), ...pixels];
    const payload = Uint8Array.from([...Array.from({ length: 1024 * 1024 - block.length }, () => 0), ...block]);
    expect(decoder.load(payload)).toBe(true);
    const decoded = decoder.decode(payload.length - block.length, block.length, literals / 4, "lz4", true);
    expect(decoded).not.toBeNull();
    expect(Buffer.from(decoded ?? []).equals(Buffer.from(opaqueOf(pixels)))).toBe(true);
  });

  it("has room for steps over the end of a rectangle that ends where it would", async () => {
    const { instance } = await WebAssembly.instantiate(readFileSync(wasmPath), {});
    const { memory } = instance.exports as unknown as { memory: WebAssembly.Memory };
    const alone = new Decoder(instance);
    // What is decoded first says where rectangles begin.
    alone.load(Uint8Array.from([0x40, 1, 2, 3, 4]));
    const target = alone.decode(0, 5, 1, "lz4", true)?.byteOffset ?? 0;
    const bytes = Math.ceil((target + 9 * 1024 * 1024) / 65_536) * 65_536 - target;
    // One literal and its repetition: the last step begins one byte after a multiple of 16.
    const block = [0x1f, 7, 1, 0, ...longLength(bytes - 1 - 4 - 4), 0x40, 7, 7, 7, 7];
    const before = memory.buffer.byteLength;
    alone.load(Uint8Array.from(block));
    expect(alone.decode(0, block.length, bytes / 4, "lz4", true)?.at(-2)).toBe(7);
    // And it grows by what is missing.
    expect(memory.buffer.byteLength - before).toBeLessThanOrEqual(2 * 1024 * 1024);
  });

  it("takes the largest rectangle of the wire, and none above", () => {
    const area = 8192 * 4320;
    const bytes = area * 4;
    const block = Uint8Array.from([0x4f, 1, 2, 3, 4, 4, 0, ...longLength(bytes - 4 - 5 - 4), 0x50, 4, 1, 2, 3, 4]);
    expect(decoder.load(block)).toBe(true);
    expect(decoder.decode(0, block.length, area + 1, "lz4", true)).toBeNull();
    expect(decoder.decode(0, block.length, area, "lz4", true)?.length).toBe(bytes);
  });
});

describe("LZ4 rectangles", () => {
  it("of literals only", () => {
    expect(decode([0x40, 1, 2, 3, 4], 1)).toEqual([3, 2, 1, 255]);
  });

  it("repeat a pixel by a match with offset 4", () => {
    // 4 literals, match of 4 + 15 + 36 = 55 at offset 4, then 5 literals: 64 bytes.
    const block = [0x4f, 1, 2, 3, 4, 4, 0, 36, 0x50, 4, 1, 2, 3, 4];
    expect(decode(block, 16)).toEqual(Array.from({ length: 16 }, () => [3, 2, 1, 255]).flat());
  });

  it.each([
    ["nothing at all", []],
    ["a literal length that ends", [0xf0]],
    ["literals that end", [0x40, 1, 2]],
    ["an offset that ends", [0x40, 1, 2, 3, 4, 1]],
    ["a match length that ends", [0x4f, 1, 2, 3, 4, 1, 0]],
    ["an offset of 0", [0x10, 1, 0, 0, 0x30, 1, 2, 3]],
    ["an offset before the beginning", [0x10, 1, 2, 0, 0x30, 1, 2, 3]],
    ["fewer bytes than the rectangle has", [0x30, 1, 2, 3]],
    ["more bytes than the rectangle has", [0x50, 1, 2, 3, 4, 5]],
    ["a match over the end", [0x1f, 1, 1, 0, 255, 255, 255, 255, 0]],
    ["bytes after the end", [0x40, 1, 2, 3, 4, 0]],
  ])("are refused: %s", (_name, block) => {
    expect(decode(block, 1)).toBeNull();
  });

  it("that would decode to far more than declared stop at what is declared", () => {
    const bomb = [0x1f, 0, 1, 0, ...Array.from({ length: 4000 }, () => 255), 0, 0x50, 0, 0, 0, 0, 0];
    expect(decode(bomb, 64)).toBeNull();
  });

  it("of a whole large frame in one block grow the memory", () => {
    const area = 2200 * 1200;
    const matchLength = area * 4 - 4 - 5;
    const more = matchLength - 4 - 15;
    const block = [
      0x4f,
      1,
      2,
      3,
      4,
      4,
      0,
      ...Array.from({ length: Math.floor(more / 255) }, () => 255),
      more % 255,
      0x50,
      4,
      1,
      2,
      3,
      4,
    ];
    decoder.load(Uint8Array.from(block));
    const pixels = decoder.decode(0, block.length, area, "lz4", true);
    expect(pixels?.length).toBe(area * 4);
    expect([...(pixels?.subarray(-4) ?? [])]).toEqual([3, 2, 1, 255]);
  });

  it("round trip, for any bytes", () => {
    const repetitive = fc
      .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 24 }), fc.integer({ min: 1, max: 40 })), {
        maxLength: 20,
      })
      .map((runs) =>
        Uint8Array.from(runs.flatMap(([bytes, times]) => Array.from({ length: times }, () => [...bytes]).flat())),
      );
    fc.assert(
      fc.property(repetitive, (bytes) => {
        const input = bytes.subarray(0, bytes.length - (bytes.length % 4));
        if (input.length === 0) return;
        expect(decode(encode(input), input.length / 4)).toEqual(opaqueOf(input));
      }),
      tries(300),
    );
  });

  it("of garbage give pixels of the declared size or nothing, and never trap", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 4096 }), (bytes, area) => {
        const pixels = decode(bytes, area);
        expect(pixels === null || pixels.length === area * 4).toBe(true);
      }),
      tries(3000),
    );
  });

  it("with a byte flipped or cut short give pixels of the declared size or nothing", () => {
    const input = Uint8Array.from({ length: 4096 }, (_, at) => (at % 64 < 40 ? at % 4 : (at * 7) & 255));
    const block = Uint8Array.from(encode(input));
    fc.assert(
      fc.property(fc.nat(block.length - 1), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, isCut) => {
        const bad = isCut
          ? block.slice(0, at)
          : Uint8Array.from(block, (byte, index) => (index === at ? byte ^ mask : byte));
        const pixels = decode(bad, 1024);
        expect(pixels === null || pixels.length === 4096).toBe(true);
      }),
      tries(2000),
    );
  });
});
