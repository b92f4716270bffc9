// The decoder's memory: nothing is written outside of the rectangle, and nothing is read that was not sent with it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { tries } from "#shared/testing/tries.ts";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Decoder } from "./decoder.ts";

/** As in assembly/index.ts: a vector store may touch less than this behind a region. */
const PADDING = 64;
const MEBIBYTE = 1024 * 1024;
/** What a canary, and the leftovers of another VM, consist of: no block below has it. */
const CANARY = 0xa5;

interface Exports {
  memory: WebAssembly.Memory;
  heapBase(): number;
  lz4Decode(source: number, sourceSize: number, target: number, targetSize: number): number;
}

let binary: Buffer<ArrayBuffer>;
beforeAll(() => {
  const file = join(import.meta.dirname, "gen/decoders.wasm");
  if (!existsSync(file)) execFileSync(process.execPath, [join(import.meta.dirname, "../../../scripts/build-wasm.mjs")]);
  binary = readFileSync(file);
}, 60_000);

const CANARIES = Buffer.alloc(24 * MEBIBYTE, CANARY);

/** The function itself, on memory in which every byte outside of source and target is a canary. */
class Bench {
  readonly #wasm: Exports;
  readonly #source: number;
  /** With room behind it, and before it, for far more than one match. */
  readonly #target: number;

  constructor(wasm: WebAssembly.Instance) {
    this.#wasm = wasm.exports as unknown as Exports;
    this.#wasm.memory.grow(320);
    this.#source = this.#wasm.heapBase() + 4096;
    this.#target = this.#source + 2 * MEBIBYTE;
  }

  /** The target's bytes, or null where the block is refused. Throws where a byte was written that may not be. */
  decode(block: Uint8Array, targetBytes: number): Buffer | null {
    const memory = Buffer.from(this.#wasm.memory.buffer);
    memory.set(CANARIES.subarray(0, memory.length - this.#wasm.heapBase()), this.#wasm.heapBase());
    memory.set(block, this.#source);
    const isDecoded = this.#wasm.lz4Decode(this.#source, block.length, this.#target, targetBytes) !== 0;
    const blockEnd = this.#source + block.length;
    for (const [where, from, to] of [
      ["before the source", this.#wasm.heapBase(), this.#source],
      ["before the target", blockEnd, this.#target],
      ["behind the target", this.#target + targetBytes + PADDING, memory.length],
    ] as const) {
      if (!memory.subarray(from, to).equals(CANARIES.subarray(0, to - from))) throw new Error(`written ${where}`);
    }
    if (!memory.subarray(this.#source, blockEnd).equals(block)) throw new Error("written into the source");
    return isDecoded ? Buffer.from(memory.subarray(this.#target, this.#target + targetBytes)) : null;
  }
}

/** `value` as the bytes that follow a nibble of 15. */
function lengthBytes(value: number): number[] {
  const rest = value - 15;
  return [...Array.from({ length: Math.floor(rest / 255) }, () => 255), rest % 255];
}

/** `literals` bytes of 1.., then a match, and nothing behind it. */
function matchAfter(literals: number, offset: number, length: number): number[] {
  const [high, low] = [Math.min(literals, 15), Math.min(length - 4, 15)];
  return [
    (high << 4) | low,
    ...(high === 15 ? lengthBytes(literals) : []),
    ...Array.from({ length: literals }, (_, at) => (at % 100) + 1),
    offset & 255,
    offset >> 8,
    ...(low === 15 ? lengthBytes(length - 4) : []),
  ];
}

/** The five literals that a block ends with. */
const END = [0x50, 9, 9, 9, 9, 9];

describe("nothing is written outside of the target by", () => {
  let bench: Bench;
  beforeEach(async () => (bench = new Bench((await WebAssembly.instantiate(binary, {})).instance)));

  it.each([1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 64])("a match of 9 MiB into 64 bytes, at offset %i", (offset) => {
    const block = Uint8Array.from([...matchAfter(64, offset, 9 * MEBIBYTE), ...END]);
    expect(bench.decode(block, 128)).toBeNull();
  });

  it.each([1, 3, 4, 8, 16, 17])(
    "a match that is longer than the target by less than the memory has, at offset %i",
    (offset) => {
      for (const more of [65, 4096, MEBIBYTE]) {
        const block = Uint8Array.from([...matchAfter(64, offset, 64 + more), ...END]);
        expect(bench.decode(block, 128)).toBeNull();
      }
    },
  );

  it("a match up to the end of the target, with no literals behind it", () => {
    const block = Uint8Array.from([...matchAfter(16, 16, 48), 0x00]);
    expect(bench.decode(block, 64)?.at(-1)).toBe(16);
    expect(bench.decode(block, 63)).toBeNull();
  });

  it("a match of 9 MiB where the target has just that", () => {
    const [length, literals] = [9 * MEBIBYTE, 16];
    const block = Uint8Array.from([...matchAfter(literals, 16, length), ...END]);
    const decoded = bench.decode(block, literals + length + 5);
    expect([...(decoded?.subarray(-6) ?? [])]).toEqual([16, 9, 9, 9, 9, 9]);
    expect(bench.decode(block, literals + length + 4)).toBeNull();
  });

  it.each([
    [1, 5],
    [4, 9],
    [8, 17],
    [3, 12],
    [16, 33],
    [20, 21],
  ])("a match at offset %i that is a byte longer than the target", (offset, length) => {
    const fits = Uint8Array.from([...matchAfter(20, offset, length), ...END]);
    expect(bench.decode(fits, 20 + length + 5)?.length).toBe(20 + length + 5);
    for (const target of [20 + length - 1, 20 + length, 20 + length + 4]) expect(bench.decode(fits, target)).toBeNull();
    // The match alone is over the end, by one.
    const last = Uint8Array.from(matchAfter(20, offset, length));
    expect(bench.decode(last, 20 + length - 1)).toBeNull();
  });

  it.each([0, 1, 14, 15, 16, 17, 100, 300])("%i literals more than the target has", (target) => {
    for (const more of [1, 16, 64, 4096]) {
      const count = target + more;
      const head = count < 15 ? [count << 4] : [0xf0, ...lengthBytes(count)];
      const block = new Uint8Array(head.length + count).fill(7);
      block.set(head);
      expect(bench.decode(block, target)).toBeNull();
    }
  });

  it("any block, into a target of any size", () => {
    const token = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 40 }));
    const block = fc
      .array(token, { maxLength: 12 })
      .map((all) => Uint8Array.from(all.flatMap(([at, rest]) => [at, ...rest])));
    fc.assert(
      fc.property(block, fc.nat(300), (bytes, target) => {
        expect(() => bench.decode(bytes, target)).not.toThrow();
      }),
      tries(30),
    );
  });
});

describe("nothing is read that was not sent:", () => {
  let bench: Bench;
  beforeEach(async () => (bench = new Bench((await WebAssembly.instantiate(binary, {})).instance)));

  it.each([1, 2, 3, 4, 7, 8, 15, 16, 17, 40])(
    "a match that begins before the target by a byte, after %i",
    (literals) => {
      const beyond = Uint8Array.from([...matchAfter(literals, literals + 1, 4), ...END]);
      const edge = Uint8Array.from([...matchAfter(literals, literals, 4), ...END]);
      expect(bench.decode(beyond, literals + 4 + 5)).toBeNull();
      expect(bench.decode(edge, literals + 4 + 5)?.[literals]).toBe(1);
    },
  );

  it("a match that begins as far before the target as can be said", () => {
    expect(bench.decode(Uint8Array.from([...matchAfter(16, 0xffff, 4), ...END]), 25)).toBeNull();
    expect(bench.decode(Uint8Array.from([0x00, 1, 0, ...END]), 9)).toBeNull();
  });

  it("a block that is cut short anywhere", () => {
    const block = Uint8Array.from([...matchAfter(20, 16, 300), ...matchAfter(2, 4, 24), ...END]);
    const bytes = 20 + 300 + 2 + 24 + 5;
    expect(bench.decode(block, bytes)).not.toBeNull();
    for (let length = 0; length < block.length; length += 1)
      expect(bench.decode(block.slice(0, length), bytes)).toBeNull();
  });

  // A length that goes on to the end of the memory would trap, or be taken from what lies there.
  it("a length that has no end", () => {
    const lengths = Array.from({ length: 5000 }, () => 255);
    expect(bench.decode(Uint8Array.from([0xf0, ...lengths]), 64)).toBeNull();
    expect(bench.decode(Uint8Array.from([0x1f, 1, 1, 0, ...lengths]), 64)).toBeNull();
  });
});

describe("another VM's leftovers", () => {
  /** A decoder whose memory is full of what another VM has sent, in source and target. */
  async function usedDecoder(): Promise<Decoder> {
    const decoder = await Decoder.create(binary);
    const secret = new Uint8Array(MEBIBYTE).fill(CANARY);
    decoder.load(secret);
    decoder.decode(0, secret.length, secret.length / 4, "raw", false);
    decoder.load(secret);
    const area = 16_384;
    const length = area * 4 - 4 - 5;
    const block = Uint8Array.from([
      0x4f,
      CANARY,
      CANARY,
      CANARY,
      CANARY,
      4,
      0,
      ...lengthBytes(length - 4),
      ...END.fill(CANARY, 1),
    ]);
    decoder.load(block);
    expect(decoder.decode(0, block.length, area, "lz4", true)).not.toBeNull();
    decoder.load(secret);
    decoder.load(new Uint8Array(0));
    return decoder;
  }

  it("are not in a rectangle behind the end of the payload, raw or compressed", async () => {
    const decoder = await usedDecoder();
    decoder.load(Uint8Array.of(1, 2, 3, 4));
    for (const [offset, size] of [
      [0, 8],
      [1, 4],
      [4, 4],
      [-4, 4],
      [4096, 4],
      [-4, 8],
      [0, MEBIBYTE],
    ] as const) {
      expect(decoder.decode(offset, size, Math.max(1, size / 4), "raw", false)).toBeNull();
      expect(decoder.decode(offset, size, Math.max(1, size / 4), "lz4", false)).toBeNull();
    }
    expect(decoder.decode(8, -4, 1, "raw", false)).toBeNull();
    expect(decoder.decode(0, 0, 0, "raw", false)).toBeNull();
    expect(decoder.decode(0, 4, 2, "raw", false)).toBeNull();
    expect(decoder.decode(0, 4, 0.5, "raw", false)).toBeNull();
    expect(decoder.decode(0, 4, Number.NaN, "lz4", false)).toBeNull();
  });

  it("are in nothing that any block decodes to", async () => {
    const decoder = await usedDecoder();
    // Of bytes that cannot be made into the other VM's.
    const block = fc.uint8Array({ maxLength: 200 }).map((bytes) => bytes.map((byte) => (byte === CANARY ? 0 : byte)));
    fc.assert(
      fc.property(block, fc.integer({ min: 1, max: 64 }), (bytes, area) => {
        decoder.load(bytes);
        const pixels = decoder.decode(0, bytes.length, area, "lz4", true);
        expect(pixels?.includes(CANARY) ?? false).toBe(false);
      }),
      tries(3000),
    );
  });

  it("are not shown where a rectangle is larger than the wire allows", async () => {
    const decoder = await usedDecoder();
    decoder.load(Uint8Array.from([0x40, 1, 2, 3, 4]));
    expect(decoder.decode(0, 5, 8192 * 4320 + 1, "lz4", true)).toBeNull();
    expect(decoder.decode(0, 5, 2 ** 30, "lz4", true)).toBeNull();
  });

  it("can be sent again by the one whose they are, and by nobody else: a payload of the largest size is all its own", async () => {
    const decoder = await usedDecoder();
    const payload = new Uint8Array(MEBIBYTE).fill(1);
    expect(decoder.load(payload)).toBe(true);
    const pixels = decoder.decode(MEBIBYTE - 4, 4, 1, "raw", true);
    expect(pixels).toEqual(Uint8ClampedArray.of(1, 1, 1, 255));
    expect(decoder.decode(MEBIBYTE - 3, 4, 1, "raw", true)).toBeNull();
  });
});
