/** The dock: the launcher, and every window, underlined in its VM's colour. It makes way for windows that fill the screen. */
import "./dock.css";
import { Bell, LayoutGrid, Minus } from "lucide-react";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { WindowId } from "#shared/model/window.ts";
import { Menu, MenuItem } from "../ui/Menu.tsx";
import { tagOf, vmStore } from "../vms/store.ts";
import { isShown } from "../wm/state.ts";
import type { DesktopWindow } from "../wm/state.ts";
import { wmStore } from "../wm/store.ts";
import { type WindowGroup, windowGroups } from "../wm/window-groups.ts";
import { iconFor } from "./app-icon.ts";
import { orders } from "./shell.ts";
import { closeOverlay, desktopStore, type Launch, setOverlay, toggleLauncher } from "./store.ts";

export function Dock() {
  // As strings, which stay the same while windows move.
  const groups = useStore(
    wmStore,
    useShallow((state) => windowGroups(state).map((group) => group.join(" "))),
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
        {groups.length + launches.length > 0 && <span className="dock-rule" />}
        {groups.map((group) => {
          const ids = group.split(" ") as [WindowId, ...WindowId[]];
          return ids.length === 1 ? <DockItem key={ids[0]} id={ids[0]} /> : <DockGroup key={ids[0]} ids={ids} />;
        })}
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
      data-attention={window.needsAttention || undefined}
      aria-label={`${window.guest.title}, ${tag.name}${window.needsAttention ? ", wants attention" : ""}`}
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

/** Several windows of one application: a list to choose from. */
function DockGroup({ ids }: { ids: WindowGroup }) {
  const windows = useStore(
    wmStore,
    useShallow((state) => ids.flatMap((id) => state.windows[id] ?? [])),
  );
  const isFocused = useStore(wmStore, (state) => state.focused !== null && ids.includes(state.focused));
  const isOpen = useStore(desktopStore, ({ overlay }) => overlay?.kind === "dock-menu" && overlay.first === ids[0]);
  const vms = useStore(vmStore, (state) => state.vms);
  const [first] = windows;
  if (first === undefined) return null;
  const tag = tagOf(vms, first.vm);
  const { appId } = first.guest;
  const Icon = iconFor(appId);
  const needsAttention = windows.some((window) => window.needsAttention);
  const entry = (
    <button
      type="button"
      className="dock-item"
      data-label={tag.label}
      data-focused={isFocused || undefined}
      data-minimized={windows.every((window) => window.isMinimized) || undefined}
      data-attention={needsAttention || undefined}
      aria-label={`${windows.length} windows of ${appId}, ${tag.name}${needsAttention ? ", wants attention" : ""}`}
    >
      <Icon size={21} strokeWidth={1.75} />
      <span className="dock-count" aria-hidden="true">
        {windows.length}
      </span>
      <span className="dock-mark" />
    </button>
  );
  return (
    <Menu
      isOpen={isOpen}
      setOpen={(open) => (open ? setOverlay({ kind: "dock-menu", first: ids[0] }) : closeOverlay("dock-menu"))}
      trigger={entry}
      align="start"
      side="top"
      label={tag.label}
    >
      {windows.map(({ id, guest, isMinimized, needsAttention: isWanting }) => (
        <MenuItem
          key={id}
          icon={isWanting ? <Bell size={14} /> : isMinimized ? <Minus size={14} /> : <Icon size={14} />}
          text={guest.title === "" ? appId : guest.title}
          run={() => orders.focus(id)}
        />
      ))}
    </Menu>
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
