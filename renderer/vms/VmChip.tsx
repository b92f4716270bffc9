/** A VM in the top bar: shape, name, the one fact; with a menu of what can be done to it. */
import "./vm-chip.css";
import { Bell, LayoutGrid, Pause, Play, Power, Skull } from "lucide-react";
import { memo } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import type { VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { order } from "../desktop/bridge.ts";
import { orders } from "../desktop/shell.ts";
import { closeOverlay, desktopStore, setOverlay } from "../desktop/store.ts";
import { LabelShape } from "../ui/LabelShape.tsx";
import { Menu, MenuItem, MenuRule } from "../ui/Menu.tsx";
import { wmStore } from "../wm/store.ts";
import { useWindow } from "../wm/use-window.ts";
import { wantingOf } from "../wm/window-facts.ts";
import { canStart, factOf, machineOf } from "./facts.ts";
import { shutDown } from "./shut-down.ts";
import { StartSteps } from "./StartSteps.tsx";

export const VmChip = memo(function VmChip({ vm }: { vm: VmStatus }) {
  const isOpen = useStore(desktopStore, ({ overlay }) => overlay?.kind === "vm-menu" && overlay.vm === vm.id);
  const wanting = useStore(
    wmStore,
    useShallow((state) => wantingOf(state, vm.id)),
  );
  const setOpen = (open: boolean): void =>
    open ? setOverlay({ kind: "vm-menu", vm: vm.id }) : closeOverlay("vm-menu");
  const fact = factOf(vm, wanting.length > 0);
  const chip = (
    <button
      type="button"
      className="chip"
      aria-label={`${vm.name}, ${fact.text}`}
      data-label={vm.label}
      data-vm={vm.name}
      data-tone={fact.tone}
      data-off={vm.state === "stopped" || undefined}
      onContextMenu={() => setOpen(true)}
    >
      <LabelShape label={vm.label} />
      <span className="chip-name">{vm.name}</span>
      <span className="chip-fact">{fact.text}</span>
      {vm.state === "starting" && <StartSteps phase={vm.startPhase} />}
    </button>
  );
  return (
    <Menu isOpen={isOpen} setOpen={setOpen} trigger={chip} align="end" label={vm.label}>
      <VmMenu vm={vm} wanting={wanting} />
    </Menu>
  );
});

function VmMenu({ vm, wanting }: { vm: VmStatus; wanting: readonly WindowId[] }) {
  const isOn = !canStart(vm);
  const icon = 14;
  return (
    <>
      <div className="chip-detail">
        <strong>{vm.name}</strong>
        <span>{machineOf(vm)}</span>
        {vm.stateDetail !== "" && <span className="chip-words">{vm.stateDetail}</span>}
      </div>
      {wanting.map((id) => (
        <WantingItem key={id} id={id} />
      ))}
      {wanting.length > 0 && <MenuRule />}
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
      {isOn && <MenuItem icon={<Power size={icon} />} text="Shut down" run={() => shutDown(vm.id)} />}
      {isOn && (
        <MenuItem
          icon={<Skull size={icon} />}
          text="Kill…"
          isDanger
          run={() => order("vm.kill", { vm: vm.id, confirm: true })}
        />
      )}
    </>
  );
}

/** A window that wants to be looked at: it may be behind others, and the dock out of sight. */
function WantingItem({ id }: { id: WindowId }) {
  const window = useWindow(id);
  if (window === null) return null;
  return <MenuItem icon={<Bell size={14} />} text={window.title} run={() => orders.focus(id)} />;
}
