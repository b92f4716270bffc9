/** What decides one pair, why, and what it would cost to change that. Nothing is written before its price was shown. */
import { CircleCheck, CircleX, History, ListPlus, X } from "lucide-react";
import { Fragment, type KeyboardEvent as ReactKeyboardEvent, type Ref, useImperativeHandle, useState } from "react";
import type { RequestInput, RequestOutput } from "#shared/ipc/index.ts";
import { POLICY_DECISIONS, type PolicyAction, type PolicyDecision } from "#shared/model/policy.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { countOf, sentence } from "../../ui/format.ts";
import { ACTION_WORDS } from "../crossings/action-words.ts";
import { PartyTag } from "../crossings/Party.tsx";
import { DECISIONS, testsWords, untilWords } from "./decision-words.ts";
import type { MatrixCell, MatrixParty } from "./matrix-model.ts";

const DURATIONS = [
  [10, "10 minutes"],
  [60, "1 hour"],
  [null, "always"],
] as const;

export interface InspectorProps {
  action: PolicyAction;
  from: MatrixParty;
  to: MatrixParty;
  cell: MatrixCell;
  /** Is given what keys do in the matrix and here. */
  keys: Ref<(event: ReactKeyboardEvent) => void>;
  /** Shows this line of policy.yaml. */
  showLine: (line: number) => void;
  set: (change: RequestInput<"policy.setCell">) => void;
  takeBack: (rule: RequestInput<"policy.takeBack">) => void;
  close: () => void;
}

export function Inspector(props: InspectorProps) {
  const { action, from, to, cell, close } = props;
  const { rule, decision } = cell;
  const { Icon, does } = DECISIONS[decision];
  return (
    <section className="inspector" aria-label="The pair that is open">
      <div className="inspector-why">
        <header>
          <PartyTag party={from.party} />
          <span aria-hidden="true">→</span>
          <PartyTag party={to.party} />
          <span>{ACTION_WORDS[action].title.toLowerCase()}, any type</span>
          <span className="verdict" data-decision={decision}>
            <Icon size={14} aria-hidden="true" />
            {rule === null ? "denies" : does}
          </span>
        </header>
        <p>{cell.explanation}</p>
        {rule !== null && (
          <pre className="inspector-rule">
            <span>{rule.line}</span>
            <code>{rule.text}</code>
          </pre>
        )}
        <footer>
          {rule !== null && (
            <button type="button" className="link" onClick={() => props.showLine(rule.line)}>
              Show line {rule.line}
            </button>
          )}
          {cell.isOwn && rule !== null && (
            <button type="button" className="link" onClick={() => props.takeBack(rule)}>
              Take line {rule.line} back
            </button>
          )}
          <span className="inspector-notes">{notesOf(cell).join(" · ")}</span>
        </footer>
      </div>
      <Change key={`${action} ${from.word} ${to.word} ${decision} ${cell.until}`} {...props} />
      <button type="button" className="inspector-close" aria-label="Close the pair" onClick={close}>
        <X size={14} />
      </button>
    </section>
  );
}

function notesOf({ isOwn, asksEachTime, until }: MatrixCell): string[] {
  return [
    ...(isOwn ? ["your rule"] : []),
    ...(asksEachTime ? ["asks every time"] : []),
    ...(until === null ? [] : [untilWords(until)]),
  ];
}

/** Questions about connections are of names of the internet: policy.yaml takes none about another VM. */
function decisionsFor(action: PolicyAction, to: MatrixParty): readonly PolicyDecision[] {
  const isBetweenVms = action === "net.connect" && to.party.kind === "vm";
  return isBetweenVms ? POLICY_DECISIONS.filter((one) => one !== "ask") : POLICY_DECISIONS;
}

function Change({ action, from, to, cell, keys, set, close }: InspectorProps) {
  const [decision, setDecision] = useState<PolicyDecision>(cell.decision);
  const [minutes, setMinutes] = useState<number | null>(null);
  const fixed = from.fixed ?? to.fixed;
  const decisions = decisionsFor(action, to);
  const isChanged =
    decision !== cell.decision || minutes !== null || (cell.until !== null && decision === cell.decision);
  const change = { action, from: from.word, to: to.word, decision, minutes };
  const price = useRequest("policy.tryCell", isChanged && fixed === null ? change : null, ["policy.changed"]);
  const isReady = price.value !== null && price.value.rule !== null && price.value.tests.every(({ ok }) => ok);
  const write = (): void => (isReady ? set(change) : undefined);
  const onKeyDown = (event: ReactKeyboardEvent): void => {
    const chosen = decisions.find((one) => DECISIONS[one].key === event.key.toLowerCase());
    if (event.key === "Enter" && event.ctrlKey) write();
    else if (chosen !== undefined && !event.ctrlKey && !event.altKey) setDecision(chosen);
    else return;
    event.preventDefault();
  };
  // The keys count in the opened cell too, where the focus stays.
  useImperativeHandle(keys, () => (fixed === null ? onKeyDown : () => undefined));
  if (fixed !== null) return <div className="inspector-change inspector-fixed">{fixed}</div>;
  return (
    <div className="inspector-change" role="group" aria-label="Change this pair">
      <header>
        <h3>Change this pair</h3>
        <span>now: {cell.decision}</span>
      </header>
      <div className="segments" role="radiogroup" aria-label="Decision">
        {decisions.map((one) => {
          const { Icon, title, key } = DECISIONS[one];
          return (
            <button
              key={one}
              type="button"
              role="radio"
              aria-checked={one === decision}
              aria-keyshortcuts={key}
              data-decision={one}
              onClick={() => setDecision(one)}
            >
              <Icon size={14} aria-hidden="true" />
              {title}
            </button>
          );
        })}
      </div>
      <div className="segments" role="radiogroup" aria-label="For how long">
        {DURATIONS.map(([value, words]) => (
          <button
            key={words}
            type="button"
            role="radio"
            aria-checked={value === minutes}
            onClick={() => setMinutes(value)}
          >
            {words}
          </button>
        ))}
      </div>
      {isChanged ? (
        <Price price={price.value} error={price.error} />
      ) : (
        <p className="inspector-hint">
          Choose with <Keys of={decisions} />: its price is shown before anything is written.
        </p>
      )}
      <footer>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          className="button"
          data-kind="main"
          disabled={!isReady}
          onClick={write}
          title="Ctrl+Enter"
        >
          Write rule
        </button>
      </footer>
    </div>
  );
}

function Keys({ of }: { of: readonly PolicyDecision[] }) {
  return of.map((one, at) => (
    <Fragment key={one}>
      {at > 0 && " "}
      <kbd className="key">{DECISIONS[one].key.toUpperCase()}</kbd>
    </Fragment>
  ));
}

/** What a change would do. */
function Price({ price, error }: { price: RequestOutput<"policy.tryCell"> | null; error: string | null }) {
  if (error !== null) return <p className="inspector-error">{error}</p>;
  if (price === null) return <Bars count={3} />;
  const failing = price.tests.filter(({ ok }) => !ok);
  return (
    <ul className="price">
      <li>
        <History size={14} aria-hidden="true" />
        {price.flips === 0 ? (
          "Changes nothing of what crossed in the last 7 days."
        ) : (
          <span>
            Would have decided <b>{countOf(price.flips, "crossing")}</b> of the last 7 days otherwise.
          </span>
        )}
      </li>
      <li>
        <ListPlus size={14} aria-hidden="true" />
        {price.rule === null ? "policy.yaml says so already." : `Goes in at line ${price.rule.line}.`}
      </li>
      {failing.length === 0 && price.tests.length > 0 && (
        <li data-tone="good">
          <CircleCheck size={14} aria-hidden="true" />
          {sentence(testsWords(price.tests))}
        </li>
      )}
      {failing.map(({ name }) => (
        <li key={name} data-tone="bad">
          <CircleX size={14} aria-hidden="true" />
          The test “{name}” would fail, so it cannot be written.
        </li>
      ))}
    </ul>
  );
}
