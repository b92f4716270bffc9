/** Toasts of what has just crossed, in a line each, where the eye is not: pressed, one opens its entry in the timeline. */
import "./told-crossings.css";
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";
import type { ToldCrossing } from "../../shell/told-crossings.ts";
import { contentWords } from "./action-words.ts";
import { PartyName } from "./Party.tsx";

export function ToldCrossings() {
  const { told, more } = useStore(useShell().toldCrossings);
  if (told.length === 0) return null;
  return (
    <ol className="told" role="status" aria-label="Crossings">
      {more > 0 && <li className="told-more">and {more} more</li>}
      {told.toReversed().map((one) => (
        <li key={one.seq}>
          <Told crossing={one} />
        </li>
      ))}
    </ol>
  );
}

function Told({ crossing }: { crossing: ToldCrossing }) {
  const { overlays, toldCrossings } = useShell();
  const { seq, from, to, decision, by } = crossing;
  const open = (): void => {
    toldCrossings.dismiss(seq);
    overlays.open({ kind: "sheet", tab: "policy", entry: seq });
  };
  return (
    <button type="button" className="told-one" tabIndex={-1} onClick={open}>
      <PartyName party={from} />
      <span aria-hidden="true">→</span>
      <PartyName party={to} />
      <span className="told-what">{contentWords(crossing)}</span>
      <span className="told-by" data-decision={decision}>
        {decision === "deny"
          ? by === "lapsed"
            ? "lapsed"
            : "denied"
          : { rule: "by rule", person: "by you", lapsed: "" }[by]}
      </span>
    </button>
  );
}
