/** Contour lines of an invented sea floor with an atoll, from a seed: marching squares over value noise. Pure. */

type Field = (x: number, y: number) => number;

/** For each level: line segments x1, y1, x2, y2, ... in pixels. */
export function contours(seed: number, width: number, height: number, step: number, levels: number): number[][] {
  const columns = Math.ceil(width / step) + 1;
  const rows = Math.ceil(height / step) + 1;
  const depth = seaFloor(seed, width, height);
  const heights = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1)
      heights[row * columns + column] = depth(column * step, row * step);
  }
  return Array.from({ length: levels }, (_, level) => segments(heights, columns, rows, step, (level + 0.5) / levels));
}

/** Depth 0..1: slow noise, and a ring of reef. */
function seaFloor(seed: number, width: number, height: number): Field {
  const noise = valueNoise(seed);
  const scale = 1 / Math.max(320, Math.min(width, height) * 0.55);
  const centreX = width * 0.74;
  const centreY = height * 0.62;
  const radius = Math.min(width, height) * 0.3;
  return (x, y) => {
    const warpX = x * scale + noise(x * scale + 9, y * scale) * 0.8;
    const warpY = y * scale + noise(x * scale, y * scale + 17) * 0.8;
    const floor = noise(warpX, warpY) * 0.72 + noise(warpX * 2.3, warpY * 2.3) * 0.2;
    const fromReef = (Math.hypot(x - centreX, (y - centreY) * 1.15) - radius) / radius;
    return floor + 0.34 * Math.exp(-fromReef * fromReef * 2.2);
  };
}

function valueNoise(seed: number): Field {
  const at = (x: number, y: number): number => {
    let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 0xffff_ffff;
  };
  const smooth = (t: number): number => t * t * t * (t * (t * 6 - 15) + 10);
  return (x, y) => {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const u = smooth(x - column);
    const v = smooth(y - row);
    const top = at(column, row) * (1 - u) + at(column + 1, row) * u;
    const bottom = at(column, row + 1) * (1 - u) + at(column + 1, row + 1) * u;
    return top * (1 - v) + bottom * v;
  };
}

function segments(heights: Float32Array, columns: number, rows: number, step: number, level: number): number[] {
  const lines: number[] = [];
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const at = row * columns + column;
      const a = heights[at] ?? 0;
      const b = heights[at + 1] ?? 0;
      const c = heights[at + columns + 1] ?? 0;
      const d = heights[at + columns] ?? 0;
      const points: number[] = [];
      const cross = (from: number, to: number, x1: number, y1: number, x2: number, y2: number): void => {
        if (from < level === to < level) return;
        const part = (level - from) / (to - from);
        points.push((column + x1 + (x2 - x1) * part) * step, (row + y1 + (y2 - y1) * part) * step);
      };
      cross(a, b, 0, 0, 1, 0);
      cross(b, c, 1, 0, 1, 1);
      cross(d, c, 0, 1, 1, 1);
      cross(a, d, 0, 0, 0, 1);
      // Two crossings are a line; four (a saddle) are two.
      lines.push(...points);
    }
  }
  return lines;
}
