/** The windows to switch among: their pictures, their titles, and above all their VMs. */
import "./switcher.css";
import { memo, useEffect, useRef } from "react";
import { useStore } from "zustand";
import type { WindowId } from "#shared/model/window.ts";
import { useShell } from "../../shell/shell.ts";
import { iconFor } from "../../ui/app-icon.ts";
import { Tag } from "../../ui/Tag.tsx";
import { useTag } from "../../shell/use-vm.ts";
import { useWindow } from "../../shell/use-window.ts";
import { windowPicture } from "../control/window-picture.ts";

/** Room for a picture, DOM pixels; see switcher.css. */
const PICTURE = { width: 208, height: 130 } as const;

export function Switcher() {
  const { wmOverlays, switcher } = useShell();
  const open = useStore(wmOverlays, (state) => state.switcher);
  if (open === null) return null;
  return (
    <div className="switcher" onPointerDown={(event) => event.target === event.currentTarget && switcher.cancel()}>
      <div className="switcher-panel" role="listbox" aria-label="Windows">
        {open.windows.map((id, at) => (
          <Card key={id} id={id} at={at} isChosen={at === open.at} />
        ))}
      </div>
    </div>
  );
}

const Card = memo(function Card({ id, at, isChosen }: { id: WindowId; at: number; isChosen: boolean }) {
  const { switcher } = useShell();
  const window = useWindow(id);
  const tag = useTag(window?.vm ?? null);
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isChosen) card.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  if (window === null) return null;
  const Icon = iconFor(window.appId);
  const choose = (): void => {
    switcher.choose(at);
    switcher.commit();
  };
  return (
    <div
      ref={card}
      className="switcher-card"
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-label={`${window.title}, ${tag.name}${window.isMinimized ? ", minimised" : ""}`}
      data-label={tag.label}
      data-minimized={window.isMinimized || undefined}
      onPointerMove={() => !isChosen && switcher.choose(at)}
      onClick={choose}
    >
      <div className="switcher-picture">
        <Picture id={id} />
      </div>
      <div className="switcher-caption">
        <Tag tag={tag} />
        <Icon size={14} strokeWidth={1.75} aria-hidden="true" />
        <span className="switcher-title">{window.title}</span>
      </div>
    </div>
  );
});

function Picture({ id }: { id: WindowId }) {
  const { links, compositor } = useShell();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isOver = false;
    const fit = ({ width, height }: { width: number; height: number }, native: number): number =>
      Math.min(native, Math.min(PICTURE.width / width, PICTURE.height / height) * devicePixelRatio);
    void windowPicture({ links, compositor }, id, fit, false).then(async (png) => {
      if (png === null || isOver) return;
      const bitmap = await createImageBitmap(new Blob([png as Uint8Array<ArrayBuffer>]));
      const { current } = canvas;
      if (isOver || current === null) return bitmap.close();
      current.width = bitmap.width;
      current.height = bitmap.height;
      current.style.width = `${bitmap.width / devicePixelRatio}px`;
      current.getContext("2d")?.drawImage(bitmap, 0, 0);
      bitmap.close();
    });
    return () => {
      isOver = true;
    };
  }, [links, compositor, id]);
  return <canvas ref={canvas} width={1} height={1} aria-hidden="true" />;
}
