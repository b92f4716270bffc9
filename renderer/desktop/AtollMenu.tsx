/** Atoll's own menu, at the left of the bar. */
import { Keyboard, LogOut, Maximize } from "lucide-react";
import { useStore } from "zustand";
import { Menu, MenuItem, MenuRule } from "../ui/Menu.tsx";
import { order } from "./bridge.ts";
import { closeOverlay, desktopStore, setOverlay } from "./store.ts";

export function AtollMenu() {
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
      <MenuItem
        icon={<LogOut size={14} />}
        text="Quit Atoll"
        run={() => order("desktop.control", { action: "close" })}
      />
    </Menu>
  );
}
