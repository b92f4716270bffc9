/**
 * The pattern of a prompt's mark: quarter circles that meet, on four by four tiles (a Truchet tiling). The same digits are the
 * same picture, in the dark and in the light. Pure.
 */

export interface MarkPattern {
  /** SVG path in a square of PATTERN_SIDE. */
  readonly path: string;
  readonly ground: string;
  readonly line: string;
  /** Along the middle of the line. */
  readonly core: string;
}

const TILES = 4;
const TILE = 20;
export const PATTERN_SIDE = TILES * TILE;

/** None of them is the colour of a label. */
const COLOURS: readonly Omit<MarkPattern, "path">[] = [
  { ground: "#0f1c27", line: "#f7f2e6", core: "#0f1c27" },
  { ground: "#0f1c27", line: "#ffc94d", core: "#0f1c27" },
  { ground: "#0f1c27", line: "#c3ecff", core: "#0f1c27" },
  { ground: "#f7f2e6", line: "#0f1c27", core: "#ffc94d" },
  { ground: "#ffc94d", line: "#0f1c27", core: "#f7f2e6" },
  { ground: "#c3ecff", line: "#0f1c27", core: "#ffc94d" },
];

/** @param digits eight hexadecimal ones: the first half turns the tiles, the second half chooses the colours */
export function markPattern(digits: string): MarkPattern {
  const turns = Number.parseInt(digits.slice(0, 4), 16);
  const colours = COLOURS[Number.parseInt(digits.slice(4), 16) % COLOURS.length] ?? COLOURS[0];
  const tiles = Array.from({ length: TILES * TILES }, (_, at) =>
    tile((at % TILES) * TILE, Math.floor(at / TILES) * TILE, ((turns >> at) & 1) === 1),
  );
  return { ground: "", line: "", core: "", ...colours, path: tiles.join("") };
}

/** Two quarter circles around opposite corners: top left and bottom right, or the other two. */
function tile(x: number, y: number, isTurned: boolean): string {
  const half = TILE / 2;
  const arc = (fromX: number, fromY: number, sweep: 0 | 1, toX: number, toY: number): string =>
    `M${x + fromX} ${y + fromY}A${half} ${half} 0 0 ${sweep} ${x + toX} ${y + toY}`;
  return isTurned
    ? arc(half, 0, 0, TILE, half) + arc(0, half, 1, half, TILE)
    : arc(half, 0, 1, 0, half) + arc(TILE, half, 0, half, TILE);
}
