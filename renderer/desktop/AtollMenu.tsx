/** Atoll's own menu, at the left of the top bar. */
import { Compass, Keyboard, LogOut, Maximize } from "lucide-react";
import { useStore } from "zustand";
import { useShell } from "../shell/shell.ts";
import { Menu, MenuChoice, MenuItem, MenuRule } from "../ui/Menu.tsx";
import { SHEET_TABS, SHEET_VIEWS } from "./sheet/sheet-tabs.ts";

const THEMES = [
  ["system", "As the system has it"],
  ["dark", "Dark"],
  ["light", "Light"],
] as const;

export function AtollMenu() {
  const { send, desktop, overlays } = useShell();
  const theme = useStore(desktop, (state) => state.theme);
  const isOpen = useStore(overlays, ({ overlay }) => overlay?.kind === "atoll-menu");
  return (
    <Menu
      isOpen={isOpen}
      setOpen={(open) => (open ? overlays.open({ kind: "atoll-menu" }) : overlays.closeIf("atoll-menu"))}
      trigger={
        <button type="button" className="brand">
          Atoll
        </button>
      }
      align="start"
    >
      <MenuItem
        icon={<Keyboard size={14} />}
        text="Keyboard shortcuts"
        run={() => overlays.open({ kind: "shortcuts" })}
      />
      <MenuItem icon={<Compass size={14} />} text="First steps" run={() => desktop.setState({ isWelcome: true })} />
      <MenuItem
        icon={<Maximize size={14} />}
        text="Full screen"
        run={() => send("desktop.control", { action: "toggleFullscreen" })}
      />
      {SHEET_TABS.map((tab) => {
        const { title, Icon, keys } = SHEET_VIEWS[tab];
        return (
          <MenuItem
            key={tab}
            icon={<Icon size={14} />}
            text={title}
            {...(keys !== undefined && { keys })}
            run={() => overlays.open({ kind: "sheet", tab })}
          />
        );
      })}
      <MenuRule />
      <MenuChoice
        title="Appearance"
        value={theme.choice}
        choices={THEMES}
        choose={(choice) => send("theme.choose", { choice })}
      />
      <MenuRule />
      <MenuItem
        icon={<LogOut size={14} />}
        text="Quit Atoll"
        run={() => send("desktop.control", { action: "close" })}
      />
    </Menu>
  );
}
