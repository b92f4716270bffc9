/** The host's bar: Atoll, a chip for each VM, the clock, and the buttons of Atoll's own window. No guest draws here. */
import "./top-bar.css";
import { Minus, X } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { VmChip } from "../vms/VmChip.tsx";
import { vmStore } from "../shell/vm-store.ts";
import { AtollMenu } from "./AtollMenu.tsx";
import { order } from "../host/bridge.ts";
import { Problems } from "./Problems.tsx";
import { desktopStore, setOverlay } from "../shell/desktop-store.ts";

export function TopBar() {
  const vms = useStore(vmStore, (state) => state.vms);
  const hasKeyboard = useStore(desktopStore, ({ overlay }) => overlay?.kind === "bar");
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!hasKeyboard) return;
    const buttons = bar.current?.querySelectorAll("button");
    (bar.current?.querySelector<HTMLElement>(".chip") ?? buttons?.[0])?.focus({ focusVisible: true });
    const leave = (): void => setOverlay(null);
    window.addEventListener("pointerdown", leave, { capture: true });
    return () => window.removeEventListener("pointerdown", leave, { capture: true });
  }, [hasKeyboard]);
  return (
    <header
      ref={bar}
      className="top-bar"
      role="toolbar"
      tabIndex={-1}
      aria-label="Atoll"
      onKeyDown={(event) => moveAlong(event, bar.current)}
    >
      <AtollMenu />
      <div className="top-bar-space" />
      <Problems />
      <nav
        className="chips"
        aria-label="Virtual machines"
        onWheel={({ currentTarget, deltaY }) => currentTarget.scrollBy(deltaY, 0)}
      >
        {vms.map((vm) => (
          <VmChip key={vm.id} vm={vm} />
        ))}
      </nav>
      <Clock />
      <div className="own-buttons">
        <button
          type="button"
          aria-label="Minimise Atoll"
          onClick={() => order("desktop.control", { action: "minimize" })}
        >
          <Minus size={14} />
        </button>
        <button type="button" aria-label="Close Atoll" onClick={() => order("desktop.control", { action: "close" })}>
          <X size={14} />
        </button>
      </div>
    </header>
  );
}

/** Arrow keys walk along the bar; Escape gives the keyboard back to the window. */
function moveAlong(event: ReactKeyboardEvent, bar: HTMLElement | null): void {
  if (bar === null || desktopStore.getState().overlay?.kind !== "bar") return;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const buttons = [...bar.querySelectorAll("button")];
  const index = buttons.findIndex((button) => button === document.activeElement);
  if (event.key === "Escape") {
    buttons[index]?.blur();
    setOverlay(null);
  } else if (step !== undefined) {
    buttons.at((index + step) % buttons.length)?.focus({ focusVisible: true });
  }
}

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

function Clock() {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const toNextMinute = 60_000 - (now.getTime() % 60_000);
    const timer = setTimeout(() => setNow(new Date()), toNextMinute + 20);
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <time className="clock" dateTime={now.toISOString()}>
      {DAY.format(now).replace(",", "")} <b>{TIME.format(now)}</b>
    </time>
  );
}
