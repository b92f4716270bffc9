/** What the window manager shows above the windows. */
import { FullscreenStrip } from "./FullscreenStrip.tsx";
import { SnapPreview } from "./SnapPreview.tsx";
import { Switcher } from "./Switcher.tsx";

export function WindowOverlays() {
  return (
    <>
      <SnapPreview />
      <FullscreenStrip />
      <Switcher />
    </>
  );
}
