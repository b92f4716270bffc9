/**
 * The pattern of a prompt's mark: quarter circles that meet, on four by four tiles (a Truchet tiling). The same digits are the
 * same picture, in the dark and in the light. Pure.
 */

export interface MarkPattern {
  readonly ground: string;
  /** Of each tile one quarter circle in either colour: SVG paths in a square of PATTERN_SIDE. */
  readonly lines: readonly { readonly path: string; readonly colour: string }[];
}

const TILES = 4;
const TILE = 20;
export const PATTERN_SIDE = TILES * TILE;

/** Ground and two lines, told apart at a glance. None of them is the colour of a label. */
const COLOURS: readonly (readonly [ground: string, first: string, second: string])[] = [
  ["#0f1c27", "#f7f2e6", "#ffc94d"],
  ["#0f1c27", "#f7f2e6", "#8fd6ff"],
  ["#0f1c27", "#ffc94d", "#8fd6ff"],
  ["#f7f2e6", "#0f1c27", "#a3164a"],
  ["#ffc94d", "#0f1c27", "#8a2410"],
  ["#c3ecff", "#0f1c27", "#0b4f9a"],
];

/** @param digits eight hexadecimal ones: the first half turns the tiles, the second half chooses the colours */
export function markPattern(digits: string): MarkPattern {
  const turns = Number.parseInt(digits.slice(0, 4), 16);
  const [ground, ...colours] = COLOURS[Number.parseInt(digits.slice(4), 16) % COLOURS.length] ?? ["", "", ""];
  const tiles = Array.from({ length: TILES * TILES }, (_, at) =>
    tile((at % TILES) * TILE, Math.floor(at / TILES) * TILE, ((turns >> at) & 1) === 1),
  );
  return {
    ground,
    lines: colours.map((colour, which) => ({ colour, path: tiles.map((arcs) => arcs[which]).join("") })),
  };
}

/** Quarter circles around opposite corners: top left and bottom right, or the other two. */
function tile(x: number, y: number, isTurned: boolean): [string, string] {
  const half = TILE / 2;
  const arc = (fromX: number, fromY: number, sweep: 0 | 1, toX: number, toY: number): string =>
    `M${x + fromX} ${y + fromY}A${half} ${half} 0 0 ${sweep} ${x + toX} ${y + toY}`;
  return isTurned
    ? [arc(half, 0, 0, TILE, half), arc(0, half, 1, half, TILE)]
    : [arc(half, 0, 1, 0, half), arc(TILE, half, 0, half, TILE)];
}
