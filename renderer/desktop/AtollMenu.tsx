/** Atoll's own menu, at the left of the bar. */
import { Keyboard, LogOut, Maximize } from "lucide-react";
import { useStore } from "zustand";
import { Menu, MenuChoice, MenuItem, MenuRule } from "../ui/Menu.tsx";
import { order } from "../host/bridge.ts";
import { closeOverlay, desktopStore, setOverlay } from "../shell/desktop-store.ts";

const THEMES = [
  ["system", "As the system has it"],
  ["dark", "Dark"],
  ["light", "Light"],
] as const;

export function AtollMenu() {
  const theme = useStore(desktopStore, (state) => state.theme);
  const isOpen = useStore(desktopStore, ({ overlay }) => overlay?.kind === "atoll-menu");
  return (
    <Menu
      isOpen={isOpen}
      setOpen={(open) => (open ? setOverlay({ kind: "atoll-menu" }) : closeOverlay("atoll-menu"))}
      trigger={
        <button type="button" className="brand">
          Atoll
        </button>
      }
      align="start"
    >
      <MenuItem
        icon={<Keyboard size={14} />}
        text="Keys of the desktop"
        run={() => setOverlay({ kind: "shortcuts" })}
      />
      <MenuItem
        icon={<Maximize size={14} />}
        text="Full screen"
        run={() => order("desktop.control", { action: "toggleFullscreen" })}
      />
      <MenuRule />
      <MenuChoice
        title="Appearance"
        value={theme.choice}
        choices={THEMES}
        choose={(choice) => order("theme.choose", { choice })}
      />
      <MenuRule />
      <MenuItem
        icon={<LogOut size={14} />}
        text="Quit Atoll"
        run={() => order("desktop.control", { action: "close" })}
      />
    </Menu>
  );
}
