/**
 * Says whose window fills the screen, and how to leave full screen: slides in when the pointer is at the top edge, and for a
 * moment at the beginning. It lies above the guest's pixels, as the host's top bar does otherwise.
 */
import "./fullscreen-strip.css";
import { Minimize2 } from "lucide-react";
import { useLayoutEffect } from "react";
import { useStore } from "zustand";
import type { WindowId } from "#shared/model/window.ts";
import { useShell } from "../../shell/shell.ts";
import { Tag } from "../../ui/Tag.tsx";
import { useTag } from "../../shell/use-vm.ts";
import { fullscreenOf } from "../model/state.ts";
import { useWindow } from "../../shell/use-window.ts";

export function FullscreenStrip() {
  const id = useStore(useShell().wm, fullscreenOf);
  useLayoutEffect(() => {
    if (id === null) return;
    const { dataset } = document.documentElement;
    dataset["fullscreen"] = "";
    return () => {
      delete dataset["fullscreen"];
    };
  }, [id]);
  return id === null ? null : <Strip key={id} id={id} />;
}

function Strip({ id }: { id: WindowId }) {
  const { commands } = useShell();
  const window = useWindow(id);
  const tag = useTag(window?.vm ?? null);
  if (window === null) return null;
  return (
    <div className="fullscreen-edge" data-label={tag.label}>
      <div className="fullscreen-strip" role="group" aria-label={`Full screen, ${tag.name}`}>
        <Tag tag={tag} />
        <span className="fullscreen-title">{window.title}</span>
        <button type="button" className="fullscreen-leave" onClick={() => commands.leaveFullscreen(id)}>
          <Minimize2 size={14} aria-hidden="true" />
          Leave full screen
          <kbd>Super F</kbd>
        </button>
      </div>
    </div>
  );
}
