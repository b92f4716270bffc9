/** The overlay that is open; see shell/overlays.ts. */
import type { ComponentType } from "react";
import { useStore } from "zustand";
import type { Overlay, OverlayOf } from "../shell/overlays.ts";
import { Part } from "../shell/Part.tsx";
import { useShell } from "../shell/shell.ts";
import { WindowMenu } from "../wm/views/WindowMenu.tsx";
import { ClipHistory } from "./clipboard/ClipHistory.tsx";
import { DesktopMenu, IconMenu } from "./icons/IconMenu.tsx";
import { Launcher } from "./Launcher.tsx";
import { ChangesView } from "./opener/ChangesView.tsx";
import { Sheet } from "./sheet/Sheet.tsx";
import { Shortcuts } from "./Shortcuts.tsx";

/** null: it is drawn where its button is. */
const VIEWS: { readonly [Kind in Overlay["kind"]]: ComponentType<{ overlay: OverlayOf<Kind> }> | null } = {
  launcher: ({ overlay }) => <Launcher only={overlay.vm} />,
  "window-menu": ({ overlay }) => <WindowMenu id={overlay.window} at={overlay} />,
  "clip-history": ClipHistory,
  changes: ({ overlay }) => <ChangesView comparison={overlay.comparison} />,
  shortcuts: Shortcuts,
  sheet: ({ overlay }) => <Sheet tab={overlay.tab} />,
  "atoll-menu": null,
  "vm-menu": null,
  "dock-menu": null,
  problems: null,
  warnings: null,
  "icon-menu": ({ overlay }) => <IconMenu icon={overlay.icon} at={overlay} />,
  "desktop-menu": ({ overlay }) => <DesktopMenu at={overlay} />,
  icons: null,
  bar: null,
};

/** What a person calls it, as the subject of a sentence; the rest are menus. */
const NAMES: { readonly [Kind in Overlay["kind"]]?: string } = {
  launcher: "The launcher",
  "clip-history": "The clipboard history",
  changes: "The comparison",
  shortcuts: "The list of shortcuts",
  sheet: "The sheet",
};

export function Overlays() {
  const { overlays } = useShell();
  const overlay = useStore(overlays, (state) => state.overlay);
  if (overlay === null || VIEWS[overlay.kind] === null) return null;
  const { kind } = overlay;
  return (
    <Part
      key={kind}
      name={NAMES[kind] ?? "The menu"}
      close={() => overlays.closeIf(kind)}
      place={(said) => (
        <div className="overlay-layer">
          <div className="part-failed-above">{said}</div>
        </div>
      )}
    >
      <OverlayView overlay={overlay} />
    </Part>
  );
}

function OverlayView<Kind extends Overlay["kind"]>({ overlay }: { overlay: OverlayOf<Kind> }) {
  const View: ComponentType<{ overlay: OverlayOf<Kind> }> | null = VIEWS[overlay.kind];
  return View === null ? null : <View overlay={overlay} />;
}
