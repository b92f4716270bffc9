/** A VM in the top bar: its label's shape, its name and its state; with a menu of what can be done to it. */
import "./vm-chip.css";
import {
  Bell,
  ClipboardPaste,
  FolderOpen,
  Globe,
  LayoutGrid,
  Pause,
  Play,
  Power,
  SendHorizontal,
  Skull,
  X,
} from "lucide-react";
import { memo, useState } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import { isGuestsWord, type VmNetwork, type VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { useShell } from "../shell/shell.ts";
import { useWindow } from "../shell/use-window.ts";
import { LabelShape } from "../ui/LabelShape.tsx";
import { GuestText } from "../ui/GuestText.tsx";
import { Menu, MenuChoice, MenuGroup, MenuItem, MenuRule } from "../ui/Menu.tsx";
import { wantingOf } from "../wm/model/window-facts.ts";
import { buildFact, canStart, factOf, machineOf } from "./facts.ts";
import { openChosenFile, sendChosenFiles, useFileDrop } from "./host-files.ts";
import { choosePreset, hasChoiceOfPreset, PRESETS } from "./presets.ts";
import { STOP_WAIT_S } from "./stop.ts";
import { StateDetail } from "./StateDetail.tsx";
import { StartSteps } from "./StartSteps.tsx";

export const VmChip = memo(function VmChip({ vm }: { vm: VmStatus }) {
  const { wm, overlays, clipboard, templates } = useShell();
  const isOpen = useStore(overlays, ({ overlay }) => overlay?.kind === "vm-menu" && overlay.vm === vm.id);
  const wanting = useStore(
    wm,
    useShallow((state) => wantingOf(state, vm.id)),
  );
  const setOpen = (open: boolean): void =>
    open ? overlays.open({ kind: "vm-menu", vm: vm.id }) : overlays.closeIf("vm-menu");
  const paste = useStore(clipboard, ({ waiting: all }) => all.find((one) => one.vm === vm.id)?.id ?? null);
  const drop = useFileDrop(vm);
  const build = useStore(templates, ({ builds }) => (vm.template === null ? undefined : builds[vm.template]));
  const isWaiting = build !== undefined && vm.state === "stopped";
  const fact = isWaiting ? buildFact(build) : factOf(vm, wanting.length > 0, paste !== null);
  const chip = (
    <button
      type="button"
      className="chip"
      aria-label={[vm.name, fact.text, ...(vm.network === "direct" ? ["direct network"] : [])].join(", ")}
      data-label={vm.label}
      data-vm={vm.name}
      data-tone={fact.tone}
      data-off={vm.state === "stopped" || undefined}
      data-drop={drop.isOver || undefined}
      {...drop.handlers}
      onContextMenu={() => setOpen(true)}
    >
      <LabelShape label={vm.label} />
      <span className="chip-name">{vm.name}</span>
      {vm.network === "direct" && <Globe className="chip-direct" size={12} aria-hidden />}
      <span className="chip-fact">{drop.isOver ? "send here" : fact.text}</span>
      {vm.state === "starting" && <StartSteps phase={vm.startPhase} />}
    </button>
  );
  return (
    <Menu isOpen={isOpen} setOpen={setOpen} trigger={chip} align="end" label={vm.label}>
      <VmMenu vm={vm} wanting={wanting} paste={paste} />
    </Menu>
  );
});

const NETWORKS = [
  ["none", "None"],
  ["firewall", "Behind the firewall"],
  ["direct", "Direct, without the firewall"],
] as const;

/** It is defined by a file, and by a driver that makes interfaces. */
function hasChoiceOfNetwork(vm: VmStatus): vm is VmStatus & { network: VmNetwork } {
  return vm.network !== null && vm.role !== "disposable" && vm.role !== "service";
}

interface VmMenuProps {
  vm: VmStatus;
  wanting: readonly WindowId[];
  /** The id of the paste that waits for the person (the small bar); null: none does. */
  paste: number | null;
}

function VmMenu({ vm, wanting, paste }: VmMenuProps) {
  const shell = useShell();
  const { bridge, send, overlays } = shell;
  // The one that waited when the menu opened: nothing comes in under the pointer, in place of what was to be pressed.
  const [asked] = useState(paste);
  const answer = (id: number, given: "paste" | "ignore") => () =>
    bridge.report("clipboard.answer", { id, answer: given });
  const isOn = !canStart(vm);
  const icon = 14;
  return (
    <>
      <div className="chip-detail">
        <strong>{vm.name}</strong>
        <span>{machineOf(vm)}</span>
        {vm.networkDetail !== "" && <span className="chip-state">{vm.networkDetail}</span>}
        {vm.stateDetail !== "" && !isGuestsWord(vm) && <span className="chip-state">{vm.stateDetail}</span>}
      </div>
      {asked !== null && (
        <>
          <MenuItem icon={<ClipboardPaste size={icon} />} text="Paste" run={answer(asked, "paste")} />
          <MenuItem icon={<X size={icon} />} text="Ignore" run={answer(asked, "ignore")} />
          <MenuRule />
        </>
      )}
      {!isOn && <MenuItem icon={<Play size={icon} />} text="Start" run={() => send("vm.start", { vm: vm.id })} />}
      {vm.state === "running" && (
        <MenuItem
          icon={<LayoutGrid size={icon} />}
          text="Programs"
          run={() => overlays.open({ kind: "launcher", vm: vm.id })}
        />
      )}
      {vm.state === "running" && (
        <>
          <MenuItem
            icon={<FolderOpen size={icon} />}
            text="Open a file here…"
            run={() => void openChosenFile(shell, vm)}
          />
          <MenuItem
            icon={<SendHorizontal size={icon} />}
            text="Send files here…"
            run={() => void sendChosenFiles(shell, vm)}
          />
          <MenuRule />
        </>
      )}
      {vm.state === "running" && (
        <MenuItem icon={<Pause size={icon} />} text="Pause" run={() => send("vm.pause", { vm: vm.id })} />
      )}
      {vm.state === "paused" && (
        <MenuItem icon={<Play size={icon} />} text="Resume" run={() => send("vm.resume", { vm: vm.id })} />
      )}
      {isOn && (
        <MenuItem
          icon={<Power size={icon} />}
          text="Shut down"
          run={() => send("vm.stop", { vm: vm.id, waitS: STOP_WAIT_S })}
        />
      )}
      {isOn && (
        <MenuItem
          icon={<Skull size={icon} />}
          text="Kill…"
          isDanger
          run={() => send("vm.kill", { vm: vm.id, confirm: true })}
        />
      )}
      {hasChoiceOfPreset(vm) && (
        <>
          <MenuRule />
          <MenuChoice
            title="What it is for, and may reach"
            value={vm.role}
            choices={PRESETS}
            choose={(role) => {
              // The way back is in a notice, which cannot be reached while the menu is open.
              overlays.closeIf("vm-menu");
              void choosePreset(shell, vm, role);
            }}
          />
        </>
      )}
      {hasChoiceOfNetwork(vm) && (
        <>
          <MenuRule />
          <MenuChoice
            title={isOn && vm.network === "none" ? "Network, from its next start on" : "Network"}
            value={vm.network}
            choices={NETWORKS}
            choose={(network) => send("vm.set", { vm: vm.id, network })}
          />
        </>
      )}
      <GuestsWords vm={vm} wanting={wanting} />
    </>
  );
}

/** Windows that are named at most: a guest makes as many as it likes. */
const MAX_WANTING = 5;

/** What the VM has to say, below all that the host has: it cannot be taken for an entry of the host's, nor push one away. */
function GuestsWords({ vm, wanting }: { vm: VmStatus; wanting: readonly WindowId[] }) {
  const isLastWord = isGuestsWord(vm) && vm.stateDetail !== "";
  const more = wanting.length - MAX_WANTING;
  return (
    <>
      {(isLastWord || wanting.length > 0) && <MenuRule />}
      {isLastWord && (
        <div className="chip-detail">
          <span className="chip-state">
            <StateDetail vm={vm} />
          </span>
        </div>
      )}
      {wanting.length > 0 && (
        <MenuGroup title={`Windows of ${vm.name} that want to be looked at`}>
          {wanting.slice(0, MAX_WANTING).map((id) => (
            <WantingItem key={id} id={id} />
          ))}
          {more > 0 && <p className="menu-more">and {more} more, by Alt+Tab</p>}
        </MenuGroup>
      )}
    </>
  );
}

/** A window that asks for attention: it may be behind others, and the dock hidden. */
function WantingItem({ id }: { id: WindowId }) {
  const { commands } = useShell();
  const window = useWindow(id);
  if (window === null) return null;
  return <MenuItem icon={<Bell size={14} />} text={<GuestText text={window.title} />} run={() => commands.focus(id)} />;
}
