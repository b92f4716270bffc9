/** A chip in the top bar for what weakens this host: an Electron that is too old, no sandbox. */
import { ShieldAlert } from "lucide-react";
import { useStore } from "zustand";
import { useShell } from "../shell/shell.ts";
import { BarNote } from "./BarNote.tsx";

export function Warnings() {
  const { desktop } = useShell();
  const warnings = useStore(desktop, (state) => state.warnings);
  if (warnings.length === 0) return null;
  return (
    <BarNote
      kind="warnings"
      icon={<ShieldAlert size={13} aria-hidden="true" />}
      title={warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`}
      hint="Atoll works, but a hostile guest is contained less securely. “atoll doctor” says what to do."
    >
      {warnings.map((warning) => (
        <li key={warning}>{warning}</li>
      ))}
    </BarNote>
  );
}
