/** How many transfers wait for the person. */
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";
import { waitingForPerson } from "./transfer-words.ts";

export function TransfersTabCount() {
  const count = useStore(useShell().transfers, ({ transfers }) => waitingForPerson(transfers ?? []));
  return count === 0 ? null : (
    <span className="sheet-count" aria-label={`, ${count} interrupted`}>
      {count}
    </span>
  );
}
