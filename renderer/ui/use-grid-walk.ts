/** Arrow keys walk the cells of a grid; the Tab key reaches the one where they were last. */
import { type KeyboardEvent as ReactKeyboardEvent, useState } from "react";

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

interface GridWalk {
  /** For the element that has the cells. */
  onKeyDown: (event: ReactKeyboardEvent<HTMLElement>) => void;
  /** For the cell of this row and column. */
  cell: (row: number, column: number) => { tabIndex: 0 | -1; "data-at": string; onFocus: () => void };
}

/** @param rows how many there are now: what is walked on stays within them */
export function useGridWalk(rows: number, columns: number): GridWalk {
  const [place, setPlace] = useState<readonly [number, number]>([0, 0]);
  const at = [clamp(place[0], rows), clamp(place[1], columns)] as const;
  return {
    onKeyDown: (event) => {
      const step = STEPS[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const next = [clamp(at[0] + step[0], rows), clamp(at[1] + step[1], columns)] as const;
      setPlace(next);
      event.currentTarget.querySelector<HTMLElement>(`[data-at="${next.join(" ")}"]`)?.focus();
    },
    cell: (row, column) => ({
      tabIndex: row === at[0] && column === at[1] ? 0 : -1,
      "data-at": `${row} ${column}`,
      onFocus: () => setPlace([row, column]),
    }),
  };
}

function clamp(value: number, count: number): number {
  return Math.max(0, Math.min(count - 1, value));
}
