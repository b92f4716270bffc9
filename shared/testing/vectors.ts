/** The golden vectors of shared/protocol/vectors.txt, whose form is described at the top of that file. */

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

/** `bytes` as often as they have bits, each time with another one flipped. */
export function* withBitsFlipped(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length * 8; at += 1) {
    const flipped = bytes.slice();
    flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
    yield flipped;
  }
}
