/** The whole page: wallpaper, windows, and what of the host lies above them. */
import "./desktop.css";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { DesktopWindow } from "../wm/model/state.ts";
import { GuestWindow } from "../wm/views/GuestWindow.tsx";
import { wmStore } from "../wm/model/store.ts";
import { WindowOverlays } from "../wm/views/WindowOverlays.tsx";
import { Dock } from "./Dock.tsx";
import { EmptyHint } from "./EmptyHint.tsx";
import { Notices } from "../ui/Notices.tsx";
import { Overlays } from "./Overlays.tsx";
import { TopBar } from "./TopBar.tsx";
import { Wallpaper } from "./Wallpaper.tsx";

export function Desktop() {
  // In the order of opening: an element that moved in the document would lose its place in the compositor's layers.
  const windows = useStore(
    wmStore,
    useShallow((state) =>
      Object.values<DesktopWindow>(state.windows)
        .filter((window) => window.isMapped)
        .map((window) => window.id),
    ),
  );
  return (
    <>
      <Wallpaper />
      <main className="windows">
        {windows.length === 0 && <EmptyHint />}
        {windows.map((id) => (
          <GuestWindow key={id} id={id} />
        ))}
      </main>
      <Dock />
      <TopBar />
      <WindowOverlays />
      <Overlays />
      <Notices />
    </>
  );
}
