/** What can be done to a window, by mouse (its title bar's context menu) and by keyboard (Alt+Space). */
import {
  Expand,
  Maximize2,
  Minus,
  Move,
  PanelLeft,
  PanelRight,
  PictureInPicture2,
  Scaling,
  Shrink,
  X,
} from "lucide-react";
import { useStore } from "zustand";
import type { WindowId } from "#shared/model/window.ts";
import { drag, orders } from "../desktop/shell.ts";
import { closeOverlay } from "../desktop/store.ts";
import { Menu, MenuItem, MenuRule } from "../ui/Menu.tsx";
import { tagOf, vmStore } from "../vms/store.ts";
import { isFixedSize } from "./geometry.ts";
import type { DesktopWindow } from "./state.ts";
import { wmStore } from "./store.ts";

const SIZE = 14;

export function WindowMenu({ id, at }: { id: WindowId; at: { x: number; y: number } }) {
  const window = useStore(wmStore, (state) => state.windows[id]);
  const vms = useStore(vmStore, (state) => state.vms);
  if (window === undefined) return null;
  return (
    <Menu
      isOpen
      setOpen={(isOpen) => !isOpen && closeOverlay("window-menu")}
      trigger={null}
      at={at}
      align="start"
      label={tagOf(vms, window.vm).label}
    >
      <Items window={window} />
    </Menu>
  );
}

function Items({ window }: { window: DesktopWindow }) {
  const { id, placement, guest } = window;
  const isLive = window.frozen === null;
  const canResize = isLive && !isFixedSize(guest.hints);
  const isFree = placement === "free";
  // The keys are the menu's until it is gone.
  const byKeys = (begin: () => void) => () => requestAnimationFrame(begin);
  return (
    <>
      {isLive && !isFree && placement !== "screen" && (
        <MenuItem
          icon={<PictureInPicture2 size={SIZE} />}
          text="Restore"
          keys="Super ↓"
          run={() => orders.place(id, "free")}
        />
      )}
      {canResize && placement !== "maximized" && (
        <MenuItem icon={<Maximize2 size={SIZE} />} text="Maximise" keys="Super ↑" run={() => orders.maximize(id)} />
      )}
      <MenuItem icon={<Minus size={SIZE} />} text="Minimise" keys="Super H" run={() => orders.minimize(id)} />
      {isLive && (
        <MenuItem
          icon={placement === "screen" ? <Shrink size={SIZE} /> : <Expand size={SIZE} />}
          text={placement === "screen" ? "Leave full screen" : "Full screen"}
          keys="Super F"
          run={() => orders.toggleFullscreen(id)}
        />
      )}
      {canResize && (
        <>
          <MenuItem
            icon={<PanelLeft size={SIZE} />}
            text="Left half"
            keys="Super ←"
            run={() => orders.place(id, "left")}
          />
          <MenuItem
            icon={<PanelRight size={SIZE} />}
            text="Right half"
            keys="Super →"
            run={() => orders.place(id, "right")}
          />
        </>
      )}
      {isFree && (
        <>
          <MenuRule />
          <MenuItem icon={<Move size={SIZE} />} text="Move with arrow keys" run={byKeys(() => drag.moveByKeys(id))} />
          {canResize && (
            <MenuItem
              icon={<Scaling size={SIZE} />}
              text="Resize with arrow keys"
              run={byKeys(() => drag.resizeByKeys(id))}
            />
          )}
        </>
      )}
      <MenuRule />
      <MenuItem icon={<X size={SIZE} />} text="Close" keys="Super Q" run={() => orders.close(id)} />
    </>
  );
}
