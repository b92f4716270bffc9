/** A chip in the top bar for the person's files that are not used because they have errors, and a list of the errors. */
import "./problems.css";
import { Popover } from "@base-ui/react/popover";
import { FileWarning } from "lucide-react";
import { useStore } from "zustand";
import { useShell } from "../shell/shell.ts";

export function Problems() {
  const { desktop, overlays } = useShell();
  const problems = useStore(desktop, (state) => state.problems);
  const isOpen = useStore(overlays, ({ overlay }) => overlay?.kind === "problems");
  if (problems.length === 0) return null;
  const count = problems.length === 1 ? "1 broken file" : `${problems.length} broken files`;
  return (
    <Popover.Root
      open={isOpen}
      onOpenChange={(open) => (open ? overlays.open({ kind: "problems" }) : overlays.closeIf("problems"))}
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
              They are not used until they are fixed; everything else works. A file is reloaded when it is saved.
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
