import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { PNG } from "pngjs";
import { expect, it } from "vitest";
import { type Pixels, pngOf } from "./png.ts";

const COLOUR_TYPE_AT = 25;

/** `asked`: called for each strip that is read. */
function pixelsOf(width: number, rgba: Uint8Array, asked: () => void = () => undefined): Pixels {
  return {
    width,
    height: rgba.length / 4 / width,
    rows(top, count) {
      asked();
      return Uint8ClampedArray.from(rgba.subarray(top * width * 4, (top + count) * width * 4));
    },
  };
}

async function encoded(pixels: Pixels): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of pngOf(pixels)) pieces.push(piece);
  return Buffer.concat(pieces);
}

it("any pixels come back as they were, with alpha only where there is some", async () => {
  const picture = fc
    .tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 }), fc.boolean())
    .chain(([width, height, isOpaque]) => {
      const channels = fc.uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 });
      return channels.map((rgba) => ({
        width,
        height,
        rgba: isOpaque ? rgba.map((value, at) => (at % 4 === 3 ? 255 : value)) : rgba,
      }));
    });
  await fc.assert(
    fc.asyncProperty(picture, async ({ width, height, rgba }) => {
      const bytes = await encoded(pixelsOf(width, rgba));
      const png = PNG.sync.read(bytes);
      expect([png.width, png.height]).toEqual([width, height]);
      expect(png.data.equals(rgba)).toBe(true);
      expect(bytes[COLOUR_TYPE_AT]).toBe(rgba.every((value, at) => at % 4 !== 3 || value === 255) ? 2 : 6);
    }),
    { numRuns: 60 },
  );
});

it("gives the first pieces before the last rows are read", async () => {
  const [width, height] = [400, 2_000];
  let reads = 0;
  const readsBefore: number[] = [];
  for await (const piece of pngOf(pixelsOf(width, randomBytes(width * height * 4), () => (reads += 1)))) {
    expect(piece.length).toBeLessThan(100_000);
    readsBefore.push(reads);
  }
  // Once for alpha, once to be written.
  expect(readsBefore.at(-1)).toBe(reads);
  expect(readsBefore[1]).toBeLessThan(reads * 0.75);
});

it("a failure to read pixels is the reader's", async () => {
  const pixels: Pixels = {
    width: 1,
    height: 1_000,
    rows: (top, count) => {
      if (top > 500) throw new Error("no memory");
      return new Uint8ClampedArray(count * 4);
    },
  };
  await expect(encoded(pixels)).rejects.toThrow("no memory");
});
