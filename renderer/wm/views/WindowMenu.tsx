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
import type { WindowId } from "#shared/model/window.ts";
import { drag, orders } from "../../desktop/create-shell.ts";
import { closeOverlay } from "../../shell/desktop-store.ts";
import { Menu, MenuItem, MenuRule } from "../../ui/Menu.tsx";
import { useTag } from "../../shell/use-vm.ts";
import { useWindow } from "../../shell/use-window.ts";
import type { WindowFacts } from "../model/window-facts.ts";

const SIZE = 14;

export function WindowMenu({ id, at }: { id: WindowId; at: { x: number; y: number } }) {
  const window = useWindow(id);
  const tag = useTag(window?.vm ?? null);
  if (window === null) return null;
  return (
    <Menu
      isOpen
      setOpen={(isOpen) => !isOpen && closeOverlay("window-menu")}
      trigger={null}
      at={at}
      align="start"
      label={tag.label}
    >
      <Items id={id} window={window} />
    </Menu>
  );
}

function Items({ id, window }: { id: WindowId; window: WindowFacts }) {
  const { placement, isFixedSize } = window;
  const isLive = window.frozen === null;
  const isFree = placement === "free";
  // The keys are the menu's until it is gone.
  const byKeys = (begin: () => void) => () => requestAnimationFrame(begin);
  return (
    <>
      {!isFree && placement !== "screen" && (
        <MenuItem
          icon={<PictureInPicture2 size={SIZE} />}
          text="Restore"
          keys="Super ↓"
          run={() => orders.place(id, "free")}
        />
      )}
      {!isFixedSize && placement !== "maximized" && (
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
      {!isFixedSize && (
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
          {isLive && !isFixedSize && (
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
