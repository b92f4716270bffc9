/** A VM in the top bar: shape, name, the one fact; with a menu of what can be done to it. */
import "./vm-chip.css";
import { LayoutGrid, Pause, Play, Power, Skull } from "lucide-react";
import { memo } from "react";
import { useStore } from "zustand";
import type { VmStatus } from "#shared/model/vm.ts";
import { order } from "../desktop/bridge.ts";
import { closeOverlay, desktopStore, setOverlay } from "../desktop/store.ts";
import { LabelShape } from "../ui/LabelShape.tsx";
import { Menu, MenuItem } from "../ui/Menu.tsx";
import { canStart, factOf, machineOf } from "./facts.ts";
import { StartSteps } from "./StartSteps.tsx";

export const VmChip = memo(function VmChip({ vm }: { vm: VmStatus }) {
  const isOpen = useStore(desktopStore, ({ overlay }) => overlay?.kind === "vm-menu" && overlay.vm === vm.id);
  const fact = factOf(vm);
  const chip = (
    <button
      type="button"
      className="chip"
      aria-label={`${vm.name}, ${fact.text}`}
      data-label={vm.label}
      data-vm={vm.name}
      data-tone={fact.tone}
      data-off={vm.state === "stopped" || undefined}
    >
      <LabelShape label={vm.label} />
      <span className="chip-name">{vm.name}</span>
      <span className="chip-fact">{fact.text}</span>
      {vm.state === "starting" && <StartSteps phase={vm.startPhase} />}
    </button>
  );
  return (
    <Menu
      isOpen={isOpen}
      setOpen={(open) => (open ? setOverlay({ kind: "vm-menu", vm: vm.id }) : closeOverlay("vm-menu"))}
      trigger={chip}
      align="end"
      label={vm.label}
    >
      <VmMenu vm={vm} />
    </Menu>
  );
});

function VmMenu({ vm }: { vm: VmStatus }) {
  const isOn = !canStart(vm);
  const icon = 14;
  return (
    <>
      <div className="chip-detail">
        <strong>{vm.name}</strong>
        <span>{machineOf(vm)}</span>
        {vm.stateDetail !== "" && <span className="chip-words">{vm.stateDetail}</span>}
      </div>
      {!isOn && <MenuItem icon={<Play size={icon} />} text="Start" run={() => order("vm.start", { vm: vm.id })} />}
      {vm.state === "running" && (
        <MenuItem
          icon={<LayoutGrid size={icon} />}
          text="Programs"
          run={() => setOverlay({ kind: "launcher", vm: vm.id })}
        />
      )}
      {vm.state === "running" && (
        <MenuItem icon={<Pause size={icon} />} text="Pause" run={() => order("vm.pause", { vm: vm.id })} />
      )}
      {vm.state === "paused" && (
        <MenuItem icon={<Play size={icon} />} text="Resume" run={() => order("vm.resume", { vm: vm.id })} />
      )}
      {isOn && <MenuItem icon={<Power size={icon} />} text="Shut down" run={() => order("vm.stop", { vm: vm.id })} />}
      {isOn && (
        <MenuItem
          icon={<Skull size={icon} />}
          text="Kill…"
          isDanger
          run={() => setOverlay({ kind: "kill-prompt", vm: vm.id })}
        />
      )}
    </>
  );
}
