/** Toasts of what has just crossed, in a line each, where the eye is not: pressed, one opens its entry in the timeline. */
import "./crossing-notices.css";
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";
import type { CrossingNotice } from "../../shell/crossing-notices.ts";
import { sentence } from "../../ui/format.ts";
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
  const { seq, from, to, failure } = crossing;
  const open = (): void => {
    crossingNotices.dismiss(seq);
    overlays.open({ kind: "sheet", tab: "policy", entry: seq });
  };
  const { words, isBad } = outcomeOf(crossing);
  return (
    <button type="button" className="crossing-notice" tabIndex={-1} onClick={open}>
      <span className="crossing-notice-line">
        <PartyName party={from} />
        <span aria-hidden="true">→</span>
        <PartyName party={to} />
        <span className="crossing-notice-what">{contentWords(crossing)}</span>
        <span className="crossing-notice-by" data-bad={isBad || undefined}>
          {words}
        </span>
      </span>
      {failure !== "" && <span className="crossing-notice-failure">{sentence(failure)}</span>}
    </button>
  );
}

function outcomeOf({ decision, by, bytes, failure }: CrossingNotice): { words: string; isBad: boolean } {
  if (decision === "deny") return { words: by === "lapsed" ? "lapsed" : "denied", isBad: true };
  if (failure !== "") return { words: (bytes ?? 0) === 0 ? "failed" : "not all", isBad: true };
  return { words: { rule: "by rule", person: "by you", lapsed: "" }[by], isBad: false };
}
