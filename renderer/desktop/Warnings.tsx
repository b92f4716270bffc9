/** A chip in the top bar for what weakens this host: an Electron that is too old, no sandbox. */
import "./problems.css";
import { Popover } from "@base-ui/react/popover";
import { ShieldAlert } from "lucide-react";
import { useStore } from "zustand";
import { useShell } from "../shell/shell.ts";

export function Warnings() {
  const { desktop, overlays } = useShell();
  const warnings = useStore(desktop, (state) => state.warnings);
  const isOpen = useStore(overlays, ({ overlay }) => overlay?.kind === "warnings");
  if (warnings.length === 0) return null;
  const count = warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`;
  return (
    <Popover.Root
      open={isOpen}
      onOpenChange={(open) => (open ? overlays.open({ kind: "warnings" }) : overlays.closeIf("warnings"))}
    >
      <Popover.Trigger className="chip problems-chip">
        <ShieldAlert size={13} aria-hidden="true" />
        {count}
      </Popover.Trigger>
      <Popover.Portal className="overlay-layer">
        <Popover.Positioner sideOffset={6} collisionPadding={8} align="end">
          <Popover.Popup className="menu problems">
            <Popover.Title className="problems-title">{count}</Popover.Title>
            <Popover.Description className="problems-hint">
              Atoll works, but keeps a hostile guest less well away. “atoll doctor” says what to do.
            </Popover.Description>
            <ul>
              {warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
