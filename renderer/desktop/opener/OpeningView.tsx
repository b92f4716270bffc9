/** What opens where: a row for each kind of files and links, a column for each VM that they come from. */
import "../policy/policy.css";
import "./opening.css";
import { FileWarning, History, PencilLine, Undo2 } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import { TYPE_GROUP_WORDS } from "#shared/model/open.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { OpenTableView } from "./OpenTableView.tsx";
import { OpenInspector } from "./OpenInspector.tsx";
import type { OpenSpot, OpenTable } from "./open-words.ts";

export function OpeningView() {
  const { openChanges } = useShell();
  const [opened, setOpened] = useState<OpenSpot | null>(null);
  const { value: table, error } = useRequest("open.table", {}, ["open.rulesChanged", "policy.changed", "vm.changed"]);
  const onKeyDown = (event: ReactKeyboardEvent): void => {
    const isUndo = event.key.toLowerCase() === "z" && event.ctrlKey && !event.shiftKey;
    if (!isUndo) return;
    event.preventDefault();
    void openChanges.undo();
  };
  return (
    <section className="opening" aria-label="Opening" onKeyDown={onKeyDown}>
      {table?.problem != null && <FileStrip problem={table.problem} />}
      <div className="policy-main opening-main">
        <header className="policy-head">
          <div>
            <h2>What opens where</h2>
            <p>The first rule that fits counts; what no rule fits opens in a disposable.</p>
          </div>
          {table !== null && (
            <p className="policy-edit">
              The rules are lines of <code>{table.file}</code>
            </p>
          )}
        </header>
        {table === null && (error === null ? <Bars count={9} /> : <p className="policy-none">{error}</p>)}
        {table !== null && <Places table={table} opened={opened} open={setOpened} />}
        <LastChange />
      </div>
    </section>
  );
}

interface PlacesProps {
  table: OpenTable;
  opened: OpenSpot | null;
  open: (spot: OpenSpot | null) => void;
}

function Places({ table, opened, open }: PlacesProps) {
  const { openChanges } = useShell();
  const room = useRef<HTMLDivElement>(null);
  // What was pressed in the inspector goes with it: the keyboard is in the cell again.
  const leave = (act: () => void): void => {
    room.current?.querySelector<HTMLElement>('[aria-pressed="true"]')?.focus();
    act();
  };
  const column = table.columns.findIndex(({ word }) => word === opened?.from);
  const from = table.columns[column];
  const row = table.rows.find(({ group }) => group === opened?.group);
  const cell = row?.cells[column];
  return (
    <>
      <div className="opening-legend">
        <span>
          <PencilLine size={12} aria-hidden="true" /> a rule of its own
        </span>
      </div>
      <div className="matrix-room" ref={room}>
        <OpenTableView table={table} opened={opened} open={open} />
      </div>
      {row !== undefined && from !== undefined && cell !== undefined && (
        <OpenInspector
          key={`${row.group} ${from.word} ${cell.in} ${cell.edit}`}
          group={row.group}
          groupWords={TYPE_GROUP_WORDS[row.group]}
          from={from}
          cell={cell}
          vms={table.vms}
          set={(rule) => leave(() => void openChanges.set(rule))}
          takeBack={(rule) => leave(() => void openChanges.takeBack(rule))}
          close={() => leave(() => open(null))}
        />
      )}
    </>
  );
}

function FileStrip({ problem: { file, line, column, reason } }: { problem: NonNullable<OpenTable["problem"]> }) {
  return (
    <div className="strip" data-tone="warning" role="alert">
      <FileWarning size={15} aria-hidden="true" />
      <p>
        <strong>open.yaml, line {line}: it is not in force, the rules before it are</strong>
        <span>{reason}</span>
      </p>
      <code>
        {file}:{line}:{column}
      </code>
    </div>
  );
}

/** The change that can be taken back. */
function LastChange() {
  const { openChanges } = useShell();
  const last = useStore(openChanges, ({ done }) => done.at(-1));
  if (last === undefined) return null;
  return (
    <footer className="last-change" role="status">
      <History size={14} aria-hidden="true" />
      <span>{last.words}</span>
      <button type="button" className="button icon-button" onClick={() => void openChanges.undo()}>
        <Undo2 size={13} aria-hidden="true" />
        Undo
        <kbd className="key">Ctrl Z</kbd>
      </button>
    </footer>
  );
}
