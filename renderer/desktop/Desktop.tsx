/** The whole page: wallpaper, windows, and the host's own parts above them. */
import "./desktop.css";
import type { ReactNode } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import { Part, saysNothing } from "../shell/Part.tsx";
import { useShell } from "../shell/shell.ts";
import type { DesktopWindow } from "../wm/model/state.ts";
import { WindowOverlays } from "../wm/views/WindowOverlays.tsx";
import { WindowPart } from "../wm/views/WindowPart.tsx";
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

/** Where what has failed has no place of its own. */
function below(said: ReactNode): ReactNode {
  return <div className="part-failed-below">{said}</div>;
}

function above(said: ReactNode): ReactNode {
  return (
    <div className="overlay-layer">
      <div className="notices">{said}</div>
    </div>
  );
}

export function Desktop() {
  const { wm, notices, desktop, overlays } = useShell();
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
  // A menu that was to open in a bar would have the keyboard, and not be seen.
  const closeMenus = (): void => overlays.close();
  return (
    <>
      <Part name="The wallpaper" place={saysNothing}>
        <Wallpaper />
      </Part>
      <main className="windows">
        <Part name="The files on the desktop" failed={() => overlays.closeIf("icons")} place={below}>
          <DesktopIcons />
        </Part>
        <Part key={isWelcome ? "welcome" : "hint"} name={isWelcome ? "The welcome" : "The list of VMs"} place={below}>
          {isWelcome ? <Welcome /> : windows.length === 0 && <EmptyHint />}
        </Part>
        {windows.map((id) => (
          <WindowPart key={id} id={id} />
        ))}
      </main>
      <Part name="The dock" failed={closeMenus} place={(said) => <div className="dock-area">{said}</div>}>
        <Dock />
      </Part>
      <Part name="The top bar" failed={closeMenus} place={(said) => <header className="top-bar">{said}</header>}>
        <TopBar />
      </Part>
      <Part name="The bar of pastes that wait" place={(said) => <div className="paste-bars">{said}</div>}>
        <PasteBars />
      </Part>
      <Part name="The cards of the network" place={(said) => <section className="ask-bar">{said}</section>}>
        <AskBar />
      </Part>
      <WindowOverlays />
      <MarkContext value={promptMark}>
        <Overlays />
        <Part name="The list of crossings" place={(said) => <div className="crossing-notices">{said}</div>}>
          <CrossingNotices />
        </Part>
        <Part name="The list of notices" place={above}>
          <Notices notices={notices} />
        </Part>
        <Prompts />
      </MarkContext>
    </>
  );
}
