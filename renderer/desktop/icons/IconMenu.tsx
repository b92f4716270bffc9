/** What can be done to the icons that are chosen, and what the desktop shows. */
import { Check, FlaskConical, FolderOpen, Pencil, ScanSearch, Trash2 } from "lucide-react";
import { useStore } from "zustand";
import type { ShownPlace } from "#shared/model/icon.ts";
import { useShell } from "../../shell/shell.ts";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { Menu, MenuGroup, MenuItem, MenuRule } from "../../ui/Menu.tsx";
import { chosenIcons, openIcons, scanIcons, trashIcons } from "./icon-actions.ts";

interface At {
  x: number;
  y: number;
}

export function IconMenu({ icon: id, at }: { icon: string; at: At }) {
  const shell = useShell();
  const { icons: store, overlays, send, vms: vmStore } = shell;
  const icon = useStore(store, (state) => state.icons.find((one) => one.id === id));
  const vms = useStore(vmStore, (state) => state.vms);
  if (icon === undefined) return null;
  const owner = icon.party.kind === "vm" ? icon.party.id : null;
  const targets = vms.filter((vm) => vm.state === "running" && vm.id !== owner && vm.role !== "service");
  const ids = chosenIcons(shell);
  const size = 14;
  return (
    <Menu
      isOpen
      setOpen={(isOpen) => !isOpen && overlays.closeIf("icon-menu")}
      trigger={null}
      at={at}
      align="start"
      {...(icon.party.kind === "vm" && icon.party.label !== null && { label: icon.party.label })}
    >
      <MenuItem icon={<FolderOpen size={size} />} text="Open" keys="Enter" run={() => openIcons(shell, ids)} />
      {!icon.isFolder && (
        <MenuItem
          icon={<FlaskConical size={size} />}
          text="Open in a disposable"
          run={() => openIcons(shell, ids, true)}
        />
      )}
      <MenuItem icon={<ScanSearch size={size} />} text="Scan" run={() => void scanIcons(shell, ids)} />
      <MenuItem
        icon={<Pencil size={size} />}
        text="Rename…"
        keys="F2"
        run={() => {
          // When the menu has gone, and the focus is back where it was.
          setTimeout(() => {
            overlays.open({ kind: "icons" });
            store.rename(id);
          });
        }}
      />
      <MenuItem
        icon={<Trash2 size={size} />}
        text="Move to the trash"
        keys="Del"
        run={() => void trashIcons(shell, ids)}
      />
      {targets.length > 0 && (
        <>
          <MenuRule />
          <MenuGroup title="Send to VM">
            {targets.map((vm) => (
              <MenuItem
                key={vm.id}
                icon={
                  <span className="menu-label" data-label={vm.label}>
                    <LabelShape label={vm.label} />
                  </span>
                }
                text={vm.name}
                run={() => send("icon.send", { ids, to: vm.id })}
              />
            ))}
          </MenuGroup>
        </>
      )}
    </Menu>
  );
}

const PLACES: readonly (readonly [ShownPlace, string])[] = [
  ["vms", "The folder Desktop of each VM"],
  ["downloads", "Downloads of this computer"],
  ["recent", "Files that were opened last"],
];

export function DesktopMenu({ at }: { at: At }) {
  const { icons: store, overlays, send } = useShell();
  const places = useStore(store, (state) => state.places);
  return (
    <Menu isOpen setOpen={(isOpen) => !isOpen && overlays.closeIf("desktop-menu")} trigger={null} at={at} align="start">
      <MenuGroup title="Shown on the desktop">
        {PLACES.map(([place, text]) => (
          <MenuItem
            key={place}
            icon={places[place] ? <Check size={14} /> : null}
            text={text}
            run={() => send("icon.setPlaces", { ...places, [place]: !places[place] })}
          />
        ))}
      </MenuGroup>
    </Menu>
  );
}
