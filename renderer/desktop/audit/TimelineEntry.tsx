/** One crossing in the timeline: a line, and when it is open who decided and what can be done about it. */
import { Plus, Undo2 } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { type AuditEntry, type CrossingEntry, isCrossing, partyName } from "#shared/model/crossing.ts";
import type { PolicyAction } from "#shared/model/policy.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { contentWords } from "../crossings/action-words.ts";
import { PartyName } from "../crossings/Party.tsx";
import type { Pair } from "../policy/matrix-model.ts";
import { ENTRY_WORDS, outcomeOf } from "./entry-words.ts";

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium" });

export interface TimelineProps {
  /** Opens a pair in the matrix. */
  showPair: (action: PolicyAction, pair: Pair) => void;
}

interface TimelineEntryProps extends TimelineProps {
  entry: AuditEntry;
  isOpen: boolean;
  toggle: () => void;
}

export function TimelineEntry({ entry, isOpen, toggle, showPair }: TimelineEntryProps) {
  const { Icon } = ENTRY_WORDS[entry.action];
  const { decision, word, by } = outcomeOf(entry);
  const element = useRef<HTMLDivElement>(null);
  // Once: whoever reads further is not brought back by what crosses meanwhile.
  useEffect(() => {
    if (isOpen) element.current?.scrollIntoView({ block: "nearest" });
  }, [isOpen]);
  return (
    <div ref={element} className="entry" data-open={isOpen || undefined}>
      <button type="button" className="entry-line" aria-expanded={isOpen} onClick={toggle}>
        <time dateTime={entry.time}>{TIME.format(new Date(entry.time))}</time>
        <Icon size={14} aria-hidden="true" />
        <span className="entry-parties">
          <PartyName party={entry.from} isShort />
          <span aria-hidden="true">→</span>
          <PartyName party={entry.to} isShort />
        </span>
        <span className="entry-what">{contentWords(entry)}</span>
        <span className="entry-verdict">
          <b data-decision={decision}>{word}</b>
          <small>{by}</small>
        </span>
      </button>
      {isOpen &&
        (isCrossing(entry) ? (
          <CrossingDetails entry={entry} showPair={showPair} />
        ) : (
          <div className="entry-details">
            <Facts entry={entry} />
          </div>
        ))}
    </div>
  );
}

function CrossingDetails({ entry, showPair }: { entry: CrossingEntry } & TimelineProps) {
  const { policyChanges } = useShell();
  const pair = { from: partyName(entry.from), to: partyName(entry.to) };
  const matrix = useRequest("policy.matrix", { action: entry.action }, ["policy.changed"]).value;
  const cell =
    matrix?.cells[matrix.rows.findIndex(({ word }) => word === pair.from)]?.[
      matrix.columns.findIndex(({ word }) => word === pair.to)
    ] ?? null;
  // Only while the pair's own rule is still the one that decided.
  const own = cell?.isOwn === true && cell.rule?.text === entry.rule?.text ? cell.rule : null;
  return (
    <div className="entry-details">
      <Facts entry={entry}>
        <dt>Rule</dt>
        <dd>{entry.rule === null ? "none fitted" : <code>{`${entry.rule.line}: ${entry.rule.text}`}</code>}</dd>
      </Facts>
      <footer>
        {own !== null && (
          <button type="button" className="button icon-button" onClick={() => void policyChanges.takeBack(own)}>
            <Undo2 size={13} aria-hidden="true" />
            Take line {own.line} back
          </button>
        )}
        {cell !== null && (
          <button type="button" className="button icon-button" onClick={() => showPair(entry.action, pair)}>
            <Plus size={13} aria-hidden="true" />
            {own === null ? "Make a rule" : "Change the rule"}
          </button>
        )}
      </footer>
    </div>
  );
}

/** `children`: those that come first. */
function Facts({ entry: { detail, time, seq }, children }: { entry: AuditEntry; children?: ReactNode }) {
  return (
    <dl>
      {children}
      {detail !== "" && (
        <>
          <dt>Detail</dt>
          <dd>
            <RevealedText text={detail} />
          </dd>
        </>
      )}
      <dt>When</dt>
      <dd>{EXACT.format(new Date(time))}</dd>
      <dt>Entry</dt>
      <dd>
        {seq}
        {seq > 1 && `, follows ${seq - 1}`}
      </dd>
    </dl>
  );
}
