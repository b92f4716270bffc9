/** A window's menu: its title bar's context menu, or by Alt+Space. */
import {
  ClipboardPaste,
  Expand,
  Maximize2,
  Minus,
  MonitorUp,
  Move,
  PanelLeft,
  PanelRight,
  PictureInPicture2,
  Scaling,
  Shrink,
  X,
} from "lucide-react";
import { useStore } from "zustand";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { useShell } from "../../shell/shell.ts";
import { Menu, MenuItem, MenuRule } from "../../ui/Menu.tsx";
import { useTag } from "../../shell/use-vm.ts";
import { useWindow } from "../../shell/use-window.ts";
import type { WindowFacts } from "../model/window-facts.ts";

const SIZE = 14;

export function WindowMenu({ id, at }: { id: WindowId; at: { x: number; y: number } }) {
  const { overlays } = useShell();
  const window = useWindow(id);
  const tag = useTag(window?.vm ?? null);
  if (window === null) return null;
  return (
    <Menu
      isOpen
      setOpen={(isOpen) => !isOpen && overlays.closeIf("window-menu")}
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
  const { commands, drag } = useShell();
  const { placement, isFixedSize } = window;
  const isLive = window.frozen === null;
  const isFree = placement === "free";
  // The menu takes the keys until it is gone.
  const byKeys = (begin: () => void) => () => requestAnimationFrame(begin);
  return (
    <>
      {!isFree && placement !== "userFullscreen" && (
        <MenuItem
          icon={<PictureInPicture2 size={SIZE} />}
          text="Restore"
          keys="Super ↓"
          run={() => commands.place(id, "free")}
        />
      )}
      {!isFixedSize && placement !== "maximized" && (
        <MenuItem icon={<Maximize2 size={SIZE} />} text="Maximise" keys="Super ↑" run={() => commands.maximize(id)} />
      )}
      <MenuItem icon={<Minus size={SIZE} />} text="Minimise" keys="Super H" run={() => commands.minimize(id)} />
      {isLive && (
        <MenuItem
          icon={placement === "userFullscreen" ? <Shrink size={SIZE} /> : <Expand size={SIZE} />}
          text={placement === "userFullscreen" ? "Leave full screen" : "Full screen"}
          keys="Super F"
          run={() => commands.toggleFullscreen(id)}
        />
      )}
      {!isFixedSize && (
        <>
          <MenuItem
            icon={<PanelLeft size={SIZE} />}
            text="Left half"
            keys="Super ←"
            run={() => commands.place(id, "left")}
          />
          <MenuItem
            icon={<PanelRight size={SIZE} />}
            text="Right half"
            keys="Super →"
            run={() => commands.place(id, "right")}
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
      {isLive && <ClipboardItems id={id} vm={window.vm} />}
      <MenuRule />
      <MenuItem icon={<X size={SIZE} />} text="Close" keys="Super Q" run={() => commands.close(id)} />
    </>
  );
}

/** For programs that paste by their own menus, and for the host's clipboard, which nothing reaches by itself. */
function ClipboardItems({ id, vm }: { id: WindowId; vm: VmId }) {
  const { bridge, send, clipboard } = useShell();
  const from = useStore(clipboard, ({ current }) => (current === null ? undefined : current.from));
  const source = useTag(from ?? null);
  return (
    <>
      <MenuRule />
      {from != null && from !== vm && (
        <MenuItem
          icon={<ClipboardPaste size={SIZE} />}
          text={`Paste from ${source.name}`}
          run={() => bridge.report("clipboard.gesture", { window: id, kind: "menu" })}
        />
      )}
      <MenuItem
        icon={<ClipboardPaste size={SIZE} />}
        text="Paste from host"
        run={() => send("clipboard.pasteFromHost", { window: id })}
      />
      <MenuItem
        icon={<MonitorUp size={SIZE} />}
        text="Copy to host"
        keys="Super C"
        run={() => send("clipboard.copyToHost", { vm })}
      />
    </>
  );
}
