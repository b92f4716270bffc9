/** Files and folders on the desktop, below all windows: whose each one is, is said by its label. */
import "./desktop-icons.css";
import { type KeyboardEvent as ReactKeyboardEvent, type MouseEvent as ReactMouseEvent, useEffect, useRef } from "react";
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";
import { chosenIcons, openIcons, trashIcons } from "./icon-actions.ts";
import { DesktopIcon } from "./DesktopIcon.tsx";
import { find, isWalkKey, walk } from "./icon-walk.ts";

/** Letters that follow each other faster are one name. */
const TYPING_MS = 800;

export function DesktopIcons() {
  const shell = useShell();
  const { bridge, icons: store, overlays } = shell;
  const icons = useStore(store, (state) => state.icons);
  const more = useStore(store, (state) => state.more);
  const current = useStore(store, (state) => state.current);
  const isRenaming = useStore(store, (state) => state.renaming !== null);
  const hasKeyboard = useStore(overlays, ({ overlay }) => overlay?.kind === "icons");
  const list = useRef<HTMLUListElement>(null);
  const typed = useRef({ text: "", atMs: 0 });

  // The next change may come when this one is on the screen.
  useEffect(() => {
    const frame = requestAnimationFrame(() => bridge.report("icon.shown", {}));
    return () => cancelAnimationFrame(frame);
  }, [bridge, icons, more]);
  useEffect(() => {
    // A field for a name takes the focus itself, and leaves it to the icon.
    if (!hasKeyboard || isRenaming) return;
    const id = current ?? icons[0]?.id;
    list.current?.querySelector<HTMLElement>(`[data-icon="${id}"]`)?.focus();
  }, [hasKeyboard, isRenaming, current, icons]);
  // A guest may take all of its files away.
  useEffect(() => {
    if (hasKeyboard && icons.length === 0) overlays.closeIf("icons");
  }, [hasKeyboard, icons, overlays]);
  // A press elsewhere gives the keyboard back; a guest's window keeps its press from moving the page's focus.
  useEffect(() => {
    if (!hasKeyboard) return;
    const leave = (event: PointerEvent): void => {
      if (!list.current?.contains(event.target as Node)) overlays.closeIf("icons");
    };
    window.addEventListener("pointerdown", leave, { capture: true });
    return () => window.removeEventListener("pointerdown", leave, { capture: true });
  }, [hasKeyboard, overlays]);

  const onKeyDown = (event: ReactKeyboardEvent<HTMLElement>): void => {
    if (event.target instanceof HTMLInputElement) return;
    if (!press(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** False: the key is none of the icons'. */
  function press(event: ReactKeyboardEvent<HTMLElement>): boolean {
    const at = icons.findIndex(({ id }) => id === current);
    const { key } = event;
    if (isWalkKey(key)) moveTo(walk(key, at, icons.length, rowsOf(list.current)), event.shiftKey);
    else if (key === "Enter") openIcons(shell, chosenIcons(shell));
    else if (key === "F2") store.rename(current);
    else if (key === "Delete") void trashIcons(shell, chosenIcons(shell));
    else if (key === "a" && event.ctrlKey) store.chooseAll();
    else if (key === "Escape" || key === "Tab") overlays.closeIf("icons");
    else if (key === " " && current !== null) store.toggle(current);
    else if (key.length === 1 && !event.ctrlKey && !event.altKey) typeName(key, at, event.timeStamp);
    else return false;
    return true;
  }
  function typeName(letter: string, at: number, nowMs: number): void {
    const { text, atMs } = typed.current;
    const name = nowMs - atMs < TYPING_MS ? text + letter : letter;
    typed.current = { text: name, atMs: nowMs };
    moveTo(
      find(
        icons.map((icon) => icon.name),
        name,
        at,
      ),
      false,
    );
  }
  function moveTo(index: number, isExtending: boolean): void {
    const icon = icons[index];
    if (icon === undefined) return;
    if (isExtending) store.extendTo(icon.id);
    else store.choose(icon.id);
  }
  const onBackground = (event: ReactMouseEvent): void => {
    if (event.target !== event.currentTarget) return;
    store.choose(null);
    if (event.type !== "contextmenu") return;
    event.preventDefault();
    overlays.open({ kind: "desktop-menu", x: event.clientX, y: event.clientY });
  };

  return (
    <ul
      ref={list}
      className="desktop-icons"
      role="listbox"
      aria-label="Files on the desktop"
      aria-multiselectable="true"
      onKeyDown={onKeyDown}
      // By Tab from the bar: what opens an icon gives the keyboard back.
      onFocus={() => overlays.getState().overlay?.kind === "bar" && overlays.open({ kind: "icons" })}
      onPointerDown={onBackground}
      onContextMenu={onBackground}
    >
      {icons.map((icon, index) => (
        <DesktopIcon key={icon.id} icon={icon} isFirst={current === null ? index === 0 : icon.id === current} />
      ))}
      {more > 0 && <li className="desktop-icons-more">and {more} more</li>}
    </ul>
  );
}

/** How many are in a column, as they are laid out. */
function rowsOf(list: HTMLUListElement | null): number {
  const items = [...(list?.querySelectorAll<HTMLElement>("[data-icon]") ?? [])];
  const [first] = items;
  return Math.max(1, items.filter(({ offsetLeft }) => offsetLeft === first?.offsetLeft).length);
}
