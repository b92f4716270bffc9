/** The part of the work area that a window being moved will fill when it is let go. */
import "./snap-preview.css";
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";

export function SnapPreview() {
  const rect = useStore(useShell().wmOverlays, (state) => state.snap);
  if (rect === null) return null;
  const { x, y, width, height } = rect;
  return <div className="snap-preview" style={{ left: x, top: y, width, height }} aria-hidden="true" />;
}
