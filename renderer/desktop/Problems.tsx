/** Files of the person that are not used because something is wrong with them: a word in the bar, and what it is. */
import "./problems.css";
import { Popover } from "@base-ui/react/popover";
import { FileWarning } from "lucide-react";
import { useStore } from "zustand";
import { closeOverlay, desktopStore, setOverlay } from "../shell/desktop-store.ts";

export function Problems() {
  const problems = useStore(desktopStore, (state) => state.problems);
  const isOpen = useStore(desktopStore, ({ overlay }) => overlay?.kind === "problems");
  if (problems.length === 0) return null;
  const count = problems.length === 1 ? "1 broken file" : `${problems.length} broken files`;
  return (
    <Popover.Root
      open={isOpen}
      onOpenChange={(open) => (open ? setOverlay({ kind: "problems" }) : closeOverlay("problems"))}
    >
      <Popover.Trigger className="chip problems-chip">
        <FileWarning size={13} aria-hidden="true" />
        {count}
      </Popover.Trigger>
      <Popover.Portal className="overlay-layer">
        <Popover.Positioner sideOffset={6} collisionPadding={8} align="end">
          <Popover.Popup className="menu problems">
            <Popover.Title className="problems-title">{count}</Popover.Title>
            <Popover.Description className="problems-hint">
              Nothing of them is used until they are mended. Everything else works; a file is read again when it is
              saved.
            </Popover.Description>
            <ul>
              {problems.map(({ file, line, column, reason }) => (
                <li key={file}>
                  <code>
                    {file}:{line}:{column}
                  </code>
                  <span>{reason}</span>
                </li>
              ))}
            </ul>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
