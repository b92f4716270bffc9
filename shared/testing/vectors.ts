/** The golden vectors of shared/protocol/vectors.txt, whose form is described at the top of that file. */
import { tries } from "./tries.ts";

export interface Vector {
  name: string;
  /** A whole framed message, or a part of one. */
  bytes: Uint8Array;
  text: string;
}

export function readVectors(file: string): Vector[] {
  return file
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", hex = "", ...text] = line.split("|").map((cell) => cell.trim());
      const digits = hex
        .replaceAll(/([0-9a-f]{2})\*(\d+)/g, (_all, byte: string, count: string) => byte.repeat(Number(count)))
        .replaceAll(" ", "");
      const bytes = Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
        Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16),
      );
      return { name, bytes, text: text.join("|") };
    });
}

/** `bytes` as often as they have bits, each time with another one flipped; fewer where properties are tried less often. */
export function* withBitsFlipped(bytes: Uint8Array): Generator<Uint8Array> {
  // Where properties are tried less often: an odd step, as an even one would flip the same bits of each byte.
  const { numRuns } = tries(1);
  const step = numRuns < 1 ? 2 * Math.ceil(1 / numRuns / 2) + 1 : 1;
  for (let at = 0; at < bytes.length * 8; at += step) {
    const flipped = bytes.slice();
    flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
    yield flipped;
  }
}
