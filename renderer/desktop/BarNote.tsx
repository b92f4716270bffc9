/** A chip in the top bar for what is not as it should be, and the list of it that the chip opens. */
import "./bar-note.css";
import { Popover } from "@base-ui/react/popover";
import type { ReactNode } from "react";
import { useStore } from "zustand";
import { useShell } from "../shell/shell.ts";
import { useCloseWhenGone } from "../ui/use-close-when-gone.ts";

interface BarNoteProps {
  /** The overlay that it is. */
  kind: "problems" | "warnings";
  icon: ReactNode;
  /** How many of what there are. */
  title: string;
  /** What it means, and what to do. */
  hint: string;
  /** One `li` for each. */
  children: ReactNode;
}

export function BarNote({ kind, icon, title, hint, children }: BarNoteProps) {
  const { overlays } = useShell();
  const isOpen = useStore(overlays, ({ overlay }) => overlay?.kind === kind);
  useCloseWhenGone(isOpen, () => overlays.closeIf(kind));
  return (
    <Popover.Root open={isOpen} onOpenChange={(open) => (open ? overlays.open({ kind }) : overlays.closeIf(kind))}>
      <Popover.Trigger className="chip bar-note-chip">
        {icon}
        {title}
      </Popover.Trigger>
      <Popover.Portal className="overlay-layer">
        <Popover.Positioner sideOffset={6} collisionPadding={8} align="end">
          <Popover.Popup className="menu bar-note">
            <Popover.Title className="bar-note-title">{title}</Popover.Title>
            <Popover.Description className="bar-note-hint">{hint}</Popover.Description>
            <ul>{children}</ul>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
