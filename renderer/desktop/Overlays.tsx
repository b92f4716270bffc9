/** What of the host lies above the windows: one at a time. Menus are drawn where their buttons are. */
import { useStore } from "zustand";
import { KillPrompt } from "../vms/KillPrompt.tsx";
import { WindowMenu } from "../wm/WindowMenu.tsx";
import { Launcher } from "./Launcher.tsx";
import { QuitPrompt } from "./QuitPrompt.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { desktopStore } from "./store.ts";

export function Overlays() {
  const overlay = useStore(desktopStore, (state) => state.overlay);
  switch (overlay?.kind) {
    case "launcher":
      return <Launcher only={overlay.vm} />;
    case "kill-prompt":
      return <KillPrompt question={overlay.question} vm={overlay.vm} />;
    case "quit-prompt":
      return <QuitPrompt key={overlay.question} question={overlay.question} vms={overlay.vms} />;
    case "window-menu":
      return <WindowMenu id={overlay.window} at={overlay} />;
    case "shortcuts":
      return <Shortcuts />;
    default:
      return null;
  }
}
