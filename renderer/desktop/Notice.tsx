/** One line of the host about something that failed. */
import { TriangleAlert } from "lucide-react";
import { useStore } from "zustand";
import { desktopStore } from "./store.ts";

export function Notice() {
  const notice = useStore(desktopStore, (state) => state.notice);
  if (notice === null) return null;
  return (
    <div className="notice" role="status">
      <TriangleAlert size={15} aria-hidden="true" />
      <span>{notice}</span>
    </div>
  );
}
