/** The dock: the launcher, and every window, underlined in its VM's colour. It makes way for windows that fill the screen. */
import "./dock.css";
import { LayoutGrid } from "lucide-react";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { WindowId } from "#shared/model/window.ts";
import { tagOf, vmStore } from "../vms/store.ts";
import { isShown } from "../wm/state.ts";
import type { DesktopWindow } from "../wm/state.ts";
import { wmStore } from "../wm/store.ts";
import { iconFor } from "./app-icon.ts";
import { orders } from "./shell.ts";
import { desktopStore, type Launch, toggleLauncher } from "./store.ts";

export function Dock() {
  const windows = useStore(
    wmStore,
    useShallow((state) =>
      Object.values<DesktopWindow>(state.windows)
        .filter((window) => window.isMapped)
        .map((window) => window.id),
    ),
  );
  const isCovered = useStore(wmStore, (state) =>
    Object.values<DesktopWindow>(state.windows).some((window) => isShown(window) && window.placement !== "free"),
  );
  const isLauncherOpen = useStore(desktopStore, ({ overlay }) => overlay?.kind === "launcher");
  const launches = useStore(desktopStore, (state) => state.launches);
  return (
    <div className="dock-area" data-hidden={(isCovered && !isLauncherOpen) || undefined}>
      <nav className="dock" aria-label="Windows">
        <button
          type="button"
          className="dock-item"
          aria-label="All programs"
          aria-expanded={isLauncherOpen}
          onClick={toggleLauncher}
        >
          <LayoutGrid size={21} strokeWidth={1.75} />
        </button>
        {windows.length + launches.length > 0 && <span className="dock-rule" />}
        {windows.map((id) => (
          <DockItem key={id} id={id} />
        ))}
        {launches.map((launch) => (
          <DockLaunch key={launch.id} launch={launch} />
        ))}
      </nav>
    </div>
  );
}

function DockItem({ id }: { id: WindowId }) {
  const window = useStore(wmStore, (state) => state.windows[id]);
  const isFocused = useStore(wmStore, (state) => state.focused === id);
  const vms = useStore(vmStore, (state) => state.vms);
  if (window === undefined) return null;
  const tag = tagOf(vms, window.vm);
  const Icon = iconFor(window.guest.appId);
  return (
    <button
      type="button"
      className="dock-item"
      data-label={tag.label}
      data-focused={isFocused || undefined}
      data-minimized={window.isMinimized || undefined}
      aria-label={`${window.guest.title}, ${tag.name}`}
      onClick={() => orders.toggle(id)}
    >
      <Icon size={21} strokeWidth={1.75} />
      <span className="dock-mark" />
      <span className="dock-tip" aria-hidden="true">
        <b>{tag.name}</b> {window.guest.title}
      </span>
    </button>
  );
}

/** A program on its way. */
function DockLaunch({ launch }: { launch: Launch }) {
  const vms = useStore(vmStore, (state) => state.vms);
  const tag = tagOf(vms, launch.vm);
  const Icon = iconFor(launch.appId);
  return (
    <span
      className="dock-item dock-launch"
      role="status"
      data-label={tag.label}
      aria-label={`${launch.name}, ${tag.name}, opens`}
    >
      <Icon size={21} strokeWidth={1.75} />
      <span className="dock-mark" />
    </span>
  );
}
