/** Toasts of what has just crossed, in a line each, where the eye is not: pressed, one opens its entry in the timeline. */
import "./crossing-notices.css";
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";
import type { CrossingNotice } from "../../shell/crossing-notices.ts";
import { contentWords } from "./action-words.ts";
import { PartyName } from "./Party.tsx";

export function CrossingNotices() {
  const { notices, more } = useStore(useShell().crossingNotices);
  if (notices.length === 0) return null;
  return (
    <ol className="crossing-notices" role="status" aria-label="Crossings">
      {more > 0 && <li className="crossing-notices-more">and {more} more</li>}
      {notices.toReversed().map((one) => (
        <li key={one.seq}>
          <CrossingNoticeItem crossing={one} />
        </li>
      ))}
    </ol>
  );
}

function CrossingNoticeItem({ crossing }: { crossing: CrossingNotice }) {
  const { overlays, crossingNotices } = useShell();
  const { seq, from, to, decision, by } = crossing;
  const open = (): void => {
    crossingNotices.dismiss(seq);
    overlays.open({ kind: "sheet", tab: "policy", entry: seq });
  };
  return (
    <button type="button" className="crossing-notice" tabIndex={-1} onClick={open}>
      <PartyName party={from} />
      <span aria-hidden="true">→</span>
      <PartyName party={to} />
      <span className="crossing-notice-what">{contentWords(crossing)}</span>
      <span className="crossing-notice-by" data-decision={decision}>
        {decision === "deny"
          ? by === "lapsed"
            ? "lapsed"
            : "denied"
          : { rule: "by rule", person: "by you", lapsed: "" }[by]}
      </span>
    </button>
  );
}
