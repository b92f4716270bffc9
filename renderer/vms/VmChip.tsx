/** A VM in the top bar: shape, name, the one fact; with a menu of what can be done to it. */
import "./vm-chip.css";
import { Pause, Play, Power, Skull } from "lucide-react";
import { memo, type ReactNode, useEffect, useRef } from "react";
import { useStore } from "zustand";
import type { VmStatus } from "#shared/model/vm.ts";
import { order } from "../desktop/bridge.ts";
import { desktopStore, setOverlay } from "../desktop/store.ts";
import { LabelShape } from "../ui/LabelShape.tsx";
import { factOf } from "./facts.ts";

export const VmChip = memo(function VmChip({ vm }: { vm: VmStatus }) {
  const isOpen = useStore(desktopStore, ({ overlay }) => overlay?.kind === "vm-menu" && overlay.vm === vm.id);
  const box = useRef<HTMLDivElement>(null);
  const fact = factOf(vm);
  useEffect(() => {
    if (!isOpen) return;
    const away = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !box.current?.contains(event.target as Node))
        setOverlay(null);
    };
    window.addEventListener("pointerdown", away, { capture: true });
    window.addEventListener("keydown", away);
    return () => {
      window.removeEventListener("pointerdown", away, { capture: true });
      window.removeEventListener("keydown", away);
    };
  }, [isOpen]);
  return (
    <div className="chip-box" ref={box} data-label={vm.label}>
      <button
        type="button"
        className="chip"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        data-tone={fact.tone}
        data-off={vm.state === "stopped" || undefined}
        onClick={() => setOverlay(isOpen ? null : { kind: "vm-menu", vm: vm.id })}
      >
        <LabelShape label={vm.label} />
        <span className="chip-name">{vm.name}</span>
        <span className="chip-fact">{fact.text}</span>
      </button>
      {isOpen && <VmMenu vm={vm} />}
    </div>
  );
});

function VmMenu({ vm }: { vm: VmStatus }) {
  const isUp = vm.state !== "stopped" && vm.state !== "crashed";
  return (
    <div className="chip-menu" role="menu">
      <p className="chip-detail">
        <strong>{vm.name}</strong>
        <span>
          {[vm.template ?? "external", vm.accelerator?.toUpperCase(), vm.network === "none" ? "no network" : vm.network]
            .filter(Boolean)
            .join(" · ")}
        </span>
        {vm.stateDetail !== "" && <span className="chip-words">{vm.stateDetail}</span>}
      </p>
      {!isUp && <Entry icon={<Play size={14} />} text="Start" run={() => order("vm.start", { vm: vm.id })} />}
      {vm.state === "running" && (
        <Entry icon={<Pause size={14} />} text="Pause" run={() => order("vm.pause", { vm: vm.id })} />
      )}
      {vm.state === "paused" && (
        <Entry icon={<Play size={14} />} text="Resume" run={() => order("vm.resume", { vm: vm.id })} />
      )}
      {isUp && <Entry icon={<Power size={14} />} text="Shut down" run={() => order("vm.stop", { vm: vm.id })} />}
      {isUp && <Entry icon={<Skull size={14} />} text="Kill" isDanger run={() => order("vm.kill", { vm: vm.id })} />}
    </div>
  );
}

function Entry({
  icon,
  text,
  run,
  isDanger = false,
}: {
  icon: ReactNode;
  text: string;
  run: () => void;
  isDanger?: boolean;
}) {
  const onClick = (): void => {
    setOverlay(null);
    run();
  };
  return (
    <button type="button" role="menuitem" data-danger={isDanger || undefined} onClick={onClick}>
      {icon}
      {text}
    </button>
  );
}
