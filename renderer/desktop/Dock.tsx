/** The dock: the launcher, kiosks, and every window, underlined in its VM's colour. It hides while a window fills the work area. */
import "./dock.css";
import { Bell, Layers, LayoutGrid, Minus } from "lucide-react";
import type { MouseEvent as ReactMouseEvent } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { WindowId } from "#shared/model/window.ts";
import type { Launch } from "../shell/launches.ts";
import { useShell } from "../shell/shell.ts";
import { GuestText } from "../ui/GuestText.tsx";
import { Menu, MenuGroup, MenuItem } from "../ui/Menu.tsx";
import { useTag } from "../shell/use-vm.ts";
import { isShown } from "../wm/model/state.ts";
import type { DesktopWindow, WmState } from "../wm/model/state.ts";
import { useWindow } from "../shell/use-window.ts";
import { type WindowGroup, windowGroups } from "../wm/model/window-groups.ts";
import { windowFacts } from "../wm/model/window-facts.ts";
import { iconFor } from "../ui/app-icon.ts";
import { DockKiosks } from "./DockKiosks.tsx";

/** Width of one entry incl. its gap, and width of everything else in the dock; see dock.css. DOM pixels. */
const ENTRY_PX = 52;
const OTHER_PX = 70;
/** Windows that a group's menu names at most: a guest makes as many as it likes. */
const MAX_IN_MENU = 5;

export function Dock() {
  const { wm, overlays, kiosks, launches: launchStore } = useShell();
  const launches = useStore(launchStore, (state) => state.launches);
  const kioskCount = useStore(kiosks, (state) => state.kiosks.length);
  const isKioskOpening = useStore(kiosks, (state) => state.opening.size > 0);
  // As strings, which stay equal while windows move.
  const groups = useStore(
    wm,
    useShallow((state) => groupsIn(state, launches.length + kioskCount)),
  );
  const isCovered = useStore(wm, (state) =>
    Object.values<DesktopWindow>(state.windows).some((window) => isShown(window) && window.placement !== "free"),
  );
  const isLauncherOpen = useStore(overlays, ({ overlay }) => overlay?.kind === "launcher");
  const isMenuOpen = useStore(overlays, ({ overlay }) => overlay?.kind === "dock-menu");
  // Whoever has launched a program sees it open.
  const isWanted = isLauncherOpen || isMenuOpen || launches.length > 0 || isKioskOpening;
  return (
    <div className="dock-area" data-hidden={(isCovered && !isWanted) || undefined}>
      <nav className="dock" aria-label="Windows">
        <button
          type="button"
          className="dock-item"
          aria-label="All programs"
          aria-expanded={isLauncherOpen}
          onClick={overlays.toggleLauncher}
        >
          <LayoutGrid size={21} strokeWidth={1.75} />
        </button>
        <DockKiosks />
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

/** As many groups as there is room for beside the launcher, and `others`: kiosks, and programs that are opening. */
function groupsIn(state: WmState, others: number): string[] {
  const room = Math.floor((state.workArea.width - OTHER_PX) / ENTRY_PX) - 1 - others;
  return windowGroups(state, room).map((group) => group.join(" "));
}

function DockItem({ id }: { id: WindowId }) {
  const { commands, overlays } = useShell();
  const window = useWindow(id);
  const tag = useTag(window?.vm ?? null);
  if (window === null) return null;
  const { title, appId, isFocused, isMinimized, needsAttention } = window;
  const Icon = iconFor(appId);
  const openMenu = ({ clientX, clientY }: ReactMouseEvent): void =>
    overlays.open({ kind: "window-menu", window: id, x: clientX, y: clientY });
  return (
    <button
      type="button"
      className="dock-item"
      data-label={tag.label}
      data-focused={isFocused || undefined}
      data-minimized={isMinimized || undefined}
      data-attention={needsAttention || undefined}
      aria-label={`${title}, ${tag.name}${needsAttention ? ", needs attention" : ""}`}
      onClick={() => commands.toggle(id)}
      onContextMenu={openMenu}
    >
      <Icon size={21} strokeWidth={1.75} />
      <span className="dock-mark" />
      <DockTip name={tag.name} text={title} />
    </button>
  );
}

/** Several windows of one application, or of one VM: a list to choose from. */
function DockGroup({ ids }: { ids: WindowGroup }) {
  const { wm, overlays } = useShell();
  const { vm, appId, isFocused, isMinimized, needsAttention } = useStore(
    wm,
    useShallow((state) => groupFacts(state, ids)),
  );
  const isOpen = useStore(overlays, ({ overlay }) => overlay?.kind === "dock-menu" && overlay.first === ids[0]);
  const tag = useTag(vm);
  const Icon = appId === null ? Layers : iconFor(appId);
  const setOpen = (open: boolean): void =>
    open ? overlays.open({ kind: "dock-menu", first: ids[0] }) : overlays.closeIf("dock-menu");
  const text = `${ids.length} windows${appId === null ? "" : ` of ${appId}`}`;
  const more = ids.length - MAX_IN_MENU;
  const entry = (
    <button
      type="button"
      className="dock-item"
      data-label={tag.label}
      data-focused={isFocused || undefined}
      data-minimized={isMinimized || undefined}
      data-attention={needsAttention || undefined}
      aria-label={`${text}, ${tag.name}${needsAttention ? ", needs attention" : ""}`}
      onContextMenu={() => setOpen(true)}
    >
      <Icon size={21} strokeWidth={1.75} />
      <span className="dock-count" aria-hidden="true">
        {ids.length}
      </span>
      <span className="dock-mark" />
      <DockTip name={tag.name} text={text} />
    </button>
  );
  return (
    <Menu isOpen={isOpen} setOpen={setOpen} trigger={entry} align="start" side="top" label={tag.label}>
      <MenuGroup title={`Windows of ${tag.name}`}>
        {ids.slice(0, MAX_IN_MENU).map((id) => (
          <GroupItem key={id} id={id} />
        ))}
        {more > 0 && <p className="menu-more">and {more} more, by Alt+Tab</p>}
      </MenuGroup>
    </Menu>
  );
}

/** `appId`: null where they are of several applications. */
function groupFacts(state: WmState, ids: WindowGroup) {
  const windows = ids.flatMap((id) => windowFacts(state, id) ?? []);
  const appId = windows[0]?.appId ?? "";
  return {
    vm: windows[0]?.vm ?? null,
    appId: appId !== "" && windows.every((window) => window.appId === appId) ? appId : null,
    isFocused: windows.some((window) => window.isFocused),
    isMinimized: windows.every((window) => window.isMinimized),
    needsAttention: windows.some((window) => window.needsAttention),
  };
}

function GroupItem({ id }: { id: WindowId }) {
  const { commands } = useShell();
  const window = useWindow(id);
  if (window === null) return null;
  const Icon = window.needsAttention ? Bell : window.isMinimized ? Minus : iconFor(window.appId);
  return <MenuItem icon={<Icon size={14} />} text={<GuestText text={window.title} />} run={() => commands.focus(id)} />;
}

/** A program that has been launched and has no window yet. */
function DockLaunch({ launch }: { launch: Launch }) {
  const tag = useTag(launch.vm);
  const Icon = iconFor(launch.appId);
  return (
    <span
      className="dock-item dock-launch"
      role="status"
      data-label={tag.label}
      aria-label={`${launch.name}, ${tag.name}, opening`}
    >
      <Icon size={21} strokeWidth={1.75} />
      <span className="dock-mark" />
      <DockTip name={tag.name} text={`${launch.name} is opening`} />
    </span>
  );
}

function DockTip({ name, text }: { name: string; text: string }) {
  return (
    <span className="dock-tip" aria-hidden="true">
      <b>{name}</b> <bdi>{text}</bdi>
    </span>
  );
}
