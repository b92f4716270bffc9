/** The host's top bar: Atoll's menu, a chip per VM, the clock, the buttons of Atoll's own window. No guest draws here. */
import "./top-bar.css";
import { Minus, X } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { leaveHostElements } from "../input/keyboard.ts";
import type { OverlayStore } from "../shell/overlays.ts";
import { useShell } from "../shell/shell.ts";
import { chipsOf } from "../vms/chips.ts";
import { VmChip } from "../vms/VmChip.tsx";
import { AtollMenu } from "./AtollMenu.tsx";
import { Problems } from "./Problems.tsx";
import { TransferChip } from "./transfers/TransferChip.tsx";
import { Warnings } from "./Warnings.tsx";

export function TopBar() {
  const { vms: vmStore, overlays, send, templates } = useShell();
  const vms = useStore(vmStore, (state) => state.vms);
  const builds = useStore(templates, (state) => state.builds);
  const hasKeyboard = useStore(overlays, ({ overlay }) => overlay?.kind === "bar");
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!hasKeyboard) return;
    const buttons = bar.current?.querySelectorAll("button");
    (bar.current?.querySelector<HTMLElement>(".chip") ?? buttons?.[0])?.focus({ focusVisible: true });
    const leave = (): void => overlays.closeIf("bar");
    // Tab leads out of the bar, to what else of the host's is on the page: Escape gives the keyboard back from there, too.
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      leaveHostElements();
      leave();
    };
    // What is chosen in the dock has the keyboard: it was opened to be used.
    const onClick = ({ target }: MouseEvent): void => {
      if (target instanceof Element && target.closest(".dock") !== null) leave();
    };
    window.addEventListener("pointerdown", leave, { capture: true });
    window.addEventListener("keydown", onKeyDown);
    window.addEventListener("click", onClick);
    return () => {
      window.removeEventListener("pointerdown", leave, { capture: true });
      window.removeEventListener("keydown", onKeyDown);
      window.removeEventListener("click", onClick);
    };
  }, [hasKeyboard, overlays]);
  return (
    <header
      ref={bar}
      className="top-bar"
      role="toolbar"
      tabIndex={-1}
      aria-label="Atoll"
      onKeyDown={(event) => moveAlong(event, bar.current, overlays)}
    >
      <AtollMenu />
      <div className="top-bar-space" />
      <Problems />
      <TransferChip />
      <nav
        className="chips"
        aria-label="Virtual machines"
        onWheel={({ currentTarget, deltaY }) => currentTarget.scrollBy(deltaY, 0)}
      >
        {chipsOf(vms, builds).map((vm) => (
          <VmChip key={vm.id} vm={vm} />
        ))}
      </nav>
      <Warnings />
      <Clock />
      <div className="own-buttons">
        <button
          type="button"
          aria-label="Minimise Atoll"
          onClick={() => send("desktop.control", { action: "minimize" })}
        >
          <Minus size={14} />
        </button>
        <button type="button" aria-label="Close Atoll" onClick={() => send("desktop.control", { action: "close" })}>
          <X size={14} />
        </button>
      </div>
    </header>
  );
}

/** Arrow keys go from button to button. */
function moveAlong(event: ReactKeyboardEvent, bar: HTMLElement | null, overlays: OverlayStore): void {
  if (bar === null || overlays.getState().overlay?.kind !== "bar") return;
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const buttons = [...bar.querySelectorAll("button")];
  const index = buttons.findIndex((button) => button === document.activeElement);
  if (step !== undefined) buttons.at((index + step) % buttons.length)?.focus({ focusVisible: true });
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
      <span className="clock-day">{DAY.format(now).replace(",", "")} </span>
      <b>{TIME.format(now)}</b>
    </time>
  );
}
