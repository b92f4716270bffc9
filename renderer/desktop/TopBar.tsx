/** The host's bar: Atoll, a chip for each VM, the clock, and the buttons of Atoll's own window. No guest draws here. */
import "./top-bar.css";
import { Minus, X } from "lucide-react";
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { VmChip } from "../vms/VmChip.tsx";
import { vmStore } from "../vms/store.ts";
import { order } from "./bridge.ts";

export function TopBar() {
  const vms = useStore(vmStore, (state) => state.vms);
  return (
    <header className="top-bar">
      <strong className="brand">Atoll</strong>
      <div className="top-bar-space" />
      <nav className="chips" aria-label="Virtual machines">
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
