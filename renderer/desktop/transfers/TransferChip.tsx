/** In the top bar while files are on their way: how far they are, all together; pressed, it opens their view. */
import { useStore } from "zustand";
import { useShallow } from "zustand/shallow";
import { useShell } from "../../shell/shell.ts";
import { countOf } from "../../ui/format.ts";
import { percentWords, underwayOf } from "./transfer-words.ts";

/** Of the ring, in its own units: its circumference is 100, so that a dash is a percentage. */
const RADIUS = 100 / (2 * Math.PI);

export function TransferChip() {
  const { transfers: store, overlays } = useShell();
  const underway = useStore(
    store,
    useShallow(({ transfers }) => underwayOf(transfers ?? [])),
  );
  const isShown = useStore(overlays, ({ overlay }) => overlay?.kind === "sheet" && overlay.tab === "transfers");
  if (underway === null) return null;
  const { count, share, isHalted } = underway;
  const percent = percentWords(share);
  return (
    <button
      type="button"
      className="chip transfer-chip"
      data-tone={isHalted ? "halted" : "busy"}
      aria-pressed={isShown}
      aria-label={`${countOf(count, "transfer")}, ${isHalted ? "halted at " : ""}${percent}`}
      onClick={() => overlays.toggleSheet("transfers")}
    >
      <svg width={14} height={14} viewBox="0 0 40 40" aria-hidden="true">
        <circle cx={20} cy={20} r={RADIUS} />
        <circle className="transfer-ring" cx={20} cy={20} r={RADIUS} strokeDasharray={`${share * 100} 100`} />
      </svg>
      {percent}
      {count > 1 && <span className="chip-fact">{count} transfers</span>}
    </button>
  );
}
