/** What the window manager shows above the windows. Where a part of it cannot be drawn, what it is for ends. */
import { useStore } from "zustand";
import { Part, saysNothing } from "../../shell/Part.tsx";
import { useShell } from "../../shell/shell.ts";
import { type DesktopWindow, fullscreenOf } from "../model/state.ts";
import { FullscreenStrip } from "./FullscreenStrip.tsx";
import { SnapPreview } from "./SnapPreview.tsx";
import { Switcher } from "./Switcher.tsx";

export function WindowOverlays() {
  const { wm, wmOverlays, commands, switcher, notices } = useShell();
  const fullscreen = useStore(wm, fullscreenOf);
  const isSwitching = useStore(wmOverlays, (state) => state.switcher !== null);
  // No guest fills the screen where nothing can say whose it is.
  const leaveFullscreen = (): void => {
    for (const { id, placement } of Object.values<DesktopWindow>(wm.getState().windows))
      if (placement === "userFullscreen") commands.leaveFullscreen(id);
    notices.show("Full screen has ended: whose window it is could not be shown. Atoll’s log says why.");
  };
  // It has the keyboard while it is open.
  const stopSwitching = (): void => {
    switcher.cancel();
    notices.show("The windows to switch among could not be shown. Atoll’s log says why.");
  };
  return (
    <>
      <Part name="The place where a window snaps" place={saysNothing}>
        <SnapPreview />
      </Part>
      <Part
        key={`full screen ${fullscreen}`}
        name="The strip of full screen"
        failed={leaveFullscreen}
        place={saysNothing}
      >
        <FullscreenStrip />
      </Part>
      <Part key={`switching ${isSwitching}`} name="The switcher" failed={stopSwitching} place={saysNothing}>
        <Switcher />
      </Part>
    </>
  );
}
