/** The whole page: wallpaper, windows, and the host's own parts above them. */
import "./desktop.css";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import { useShell } from "../shell/shell.ts";
import type { DesktopWindow } from "../wm/model/state.ts";
import { GuestWindow } from "../wm/views/GuestWindow.tsx";
import { WindowOverlays } from "../wm/views/WindowOverlays.tsx";
import { PasteBars } from "./clipboard/PasteBars.tsx";
import { CrossingNotices } from "./crossings/CrossingNotices.tsx";
import { DesktopIcons } from "./icons/DesktopIcons.tsx";
import { Dock } from "./Dock.tsx";
import { EmptyHint } from "./EmptyHint.tsx";
import { MarkContext } from "../ui/Mark.tsx";
import { AskBar } from "./network/AskCards.tsx";
import { Notices } from "../ui/Notices.tsx";
import { Overlays } from "./Overlays.tsx";
import { Prompts } from "./Prompts.tsx";
import { TopBar } from "./TopBar.tsx";
import { Wallpaper } from "./Wallpaper.tsx";
import { Welcome } from "./welcome/Welcome.tsx";

export function Desktop() {
  const { wm, notices, desktop } = useShell();
  const promptMark = useStore(desktop, (state) => state.promptMark);
  const isWelcome = useStore(desktop, (state) => state.isWelcome);
  // In the order of opening, whatever the stack is: an element that moves in the document loses its compositor layer.
  const windows = useStore(
    wm,
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
        <DesktopIcons />
        {isWelcome ? <Welcome /> : windows.length === 0 && <EmptyHint />}
        {windows.map((id) => (
          <GuestWindow key={id} id={id} />
        ))}
      </main>
      <Dock />
      <TopBar />
      <PasteBars />
      <AskBar />
      <WindowOverlays />
      <MarkContext value={promptMark}>
        <Overlays />
        <CrossingNotices />
        <Notices notices={notices} />
        <Prompts />
      </MarkContext>
    </>
  );
}
