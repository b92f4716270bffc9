/** Who may what to whom, and what has crossed: the matrix with its inspector beside the timeline. */
import "./policy.css";
import { History, PencilLine, RefreshCw, Undo2 } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { POLICY_ACTIONS, type PolicyAction } from "#shared/model/policy.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { countOf } from "../../ui/format.ts";
import { Timeline } from "../audit/Timeline.tsx";
import { ACTION_WORDS } from "../crossings/action-words.ts";
import { testsWords } from "./decision-words.ts";
import { Inspector } from "./Inspector.tsx";
import { Matrix } from "./Matrix.tsx";
import type { Matrix as MatrixData, Pair } from "./matrix-model.ts";
import { PolicyText } from "./PolicyText.tsx";
import { PolicyStrips } from "./PolicyStrips.tsx";
import { ImportedRules, type RulesFile, RulesFileButtons } from "./RulesFile.tsx";

export function PolicyView() {
  const { policyChanges, prompts } = useShell();
  const [action, setAction] = useState<PolicyAction>("clipboard.paste");
  const [opened, setOpened] = useState<Pair | null>(null);
  /** Of policy.yaml, which is shown there; null: it is not shown. */
  const [line, setLine] = useState<number | null>(null);
  /** Whose rules are looked at; null: none are. */
  const [file, setFile] = useState<RulesFile | null>(null);
  const state = useRequest("policy.state", {}, ["policy.changed"]).value;
  // Wherever the focus is in the sheet, also where what had it has gone.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const isUndo = event.key.toLowerCase() === "z" && event.ctrlKey && !event.shiftKey;
      const { target } = event;
      if (!isUndo || target instanceof HTMLInputElement || prompts.getState().waiting.length > 0) return;
      event.preventDefault();
      void policyChanges.undo();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [policyChanges, prompts]);
  return (
    <section className="policy" aria-label="Policy">
      {state !== null && <PolicyStrips state={state} showLine={setLine} />}
      <div className="policy-main">
        <header className="policy-head">
          <div>
            <h2>Who may what to whom</h2>
            <Summary />
          </div>
          <div className="policy-edit">
            <p>
              The rules are lines of policy.yaml: <code>atoll policy edit</code>
            </p>
            <RulesFileButtons chosen={setFile} />
          </div>
        </header>
        <div className="policy-actions">
          <div className="segments" role="radiogroup" aria-label="Action">
            {POLICY_ACTIONS.map((one) => {
              const { title, Icon } = ACTION_WORDS[one];
              return (
                <button
                  key={one}
                  type="button"
                  role="radio"
                  aria-checked={one === action}
                  onClick={() => {
                    setAction(one);
                    setOpened(null);
                  }}
                >
                  <Icon size={14} aria-hidden="true" />
                  {title}
                </button>
              );
            })}
          </div>
          <span className="policy-legend">
            <PencilLine size={12} aria-hidden="true" /> yours
            <RefreshCw size={12} aria-hidden="true" /> every time
          </span>
        </div>
        <Pairs key={action} action={action} opened={opened} open={setOpened} showLine={setLine} />
        <LastChange />
      </div>
      {file !== null ? (
        <ImportedRules file={file} close={() => setFile(null)} />
      ) : line !== null ? (
        <PolicyText line={line} close={() => setLine(null)} />
      ) : (
        <Timeline
          showPair={(of, pair) => {
            setAction(of);
            setOpened(pair);
          }}
        />
      )}
    </section>
  );
}

function Summary() {
  const list = useRequest("policy.list", {}, ["policy.changed"]).value;
  const tests = useRequest("policy.test", {}, ["policy.changed"]).value;
  const held = tests === null ? "" : testsWords(tests);
  return (
    <p>
      The first rule that fits counts.
      {list !== null && ` ${countOf(list.rules.length, "rule")}${held === "" ? "" : `; ${held}`}.`}
    </p>
  );
}

interface PairsProps {
  action: PolicyAction;
  opened: Pair | null;
  open: (pair: Pair | null) => void;
  showLine: (line: number) => void;
}

function Pairs({ action, opened, open, showLine }: PairsProps) {
  const { policyChanges } = useShell();
  const { value: matrix, error } = useRequest("policy.matrix", { action }, ["policy.changed", "vm.changed"]);
  const pairs = useRef<HTMLDivElement>(null);
  const keys = useRef<((event: ReactKeyboardEvent) => void) | null>(null);
  if (matrix === null) return error === null ? <Bars count={7} /> : <p className="policy-none">{error}</p>;
  if (matrix.rows.every(({ party }) => party.kind !== "vm"))
    return <p className="policy-none">There is no VM yet. Each one gets a row and a column here.</p>;
  const cell = opened === null ? null : openedIn(matrix, opened);
  // What is changed or closed by a button goes, with the button: the keyboard stays with the pair.
  const focusCell = (): void => pairs.current?.querySelector<HTMLElement>('.matrix-cell[aria-pressed="true"]')?.focus();
  return (
    <div
      ref={pairs}
      className="policy-pairs"
      role="group"
      aria-label="Pairs"
      onKeyDown={(event) => keys.current?.(event)}
    >
      <div className="matrix-room">
        <Matrix matrix={matrix} opened={opened} open={open} />
      </div>
      {cell !== null && (
        <Inspector
          action={action}
          {...cell}
          keys={keys}
          showLine={showLine}
          set={(change) => {
            focusCell();
            void policyChanges.set(change);
          }}
          takeBack={(rule) => {
            focusCell();
            void policyChanges.takeBack(rule);
          }}
          close={() => {
            focusCell();
            open(null);
          }}
        />
      )}
    </div>
  );
}

function openedIn({ rows, columns, cells }: MatrixData, pair: Pair) {
  const [r, c] = [rows.findIndex(({ word }) => word === pair.from), columns.findIndex(({ word }) => word === pair.to)];
  const [from, to, cell] = [rows[r], columns[c], cells[r]?.[c]];
  return from === undefined || to === undefined || cell === undefined || cell === null ? null : { from, to, cell };
}

/** The change that can be taken back. */
function LastChange() {
  const { policyChanges } = useShell();
  const last = useStore(policyChanges, ({ done }) => done.at(-1));
  if (last === undefined) return null;
  return (
    <footer className="last-change" role="status">
      <History size={14} aria-hidden="true" />
      <span>{last.words}</span>
      <button type="button" className="button icon-button" onClick={() => void policyChanges.undo()}>
        <Undo2 size={13} aria-hidden="true" />
        Undo
        <kbd className="key">Ctrl Z</kbd>
      </button>
    </footer>
  );
}
