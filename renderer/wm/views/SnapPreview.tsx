/** Where a window that is being moved will go. */
import "./snap-preview.css";
import { useStore } from "zustand";
import { overlayStore } from "../model/overlays.ts";

export function SnapPreview() {
  const rect = useStore(overlayStore, (state) => state.snap);
  if (rect === null) return null;
  const { x, y, width, height } = rect;
  return <div className="snap-preview" style={{ left: x, top: y, width, height }} aria-hidden="true" />;
}
