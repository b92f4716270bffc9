/** Which icon a key leads to. Icons fill a column from top to bottom, then the next one to the right. */
export type WalkKey = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home" | "End";

export function isWalkKey(key: string): key is WalkKey {
  return ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"].includes(key);
}

/**
 * @param at of the icon that has the keyboard; -1: none has it yet
 * @param count icons that there are, at least one
 * @param rows of one column, at least one
 */
export function walk(key: WalkKey, at: number, count: number, rows: number): number {
  if (at < 0) return key === "End" ? count - 1 : 0;
  const to = {
    ArrowUp: at - 1,
    ArrowDown: at + 1,
    ArrowLeft: at - rows,
    ArrowRight: at + rows,
    Home: 0,
    End: count - 1,
  }[key];
  if (to >= 0 && to < count) return to;
  // To the last one where the next column is shorter; else it stays.
  const hasNextColumn = Math.floor(at / rows) < Math.floor((count - 1) / rows);
  return key === "ArrowRight" && hasNextColumn ? count - 1 : at;
}

/** The icon whose name begins with what was typed, after `at`, around the end. -1: there is none. */
export function find(names: readonly string[], typed: string, at: number): number {
  const wanted = typed.toLowerCase();
  const order = names.map(
    (_, step) => (Math.max(at, 0) + step + (typed.length === 1 && at >= 0 ? 1 : 0)) % names.length,
  );
  return order.find((index) => names[index]?.toLowerCase().startsWith(wanted)) ?? -1;
}
