/** Files on their way between VMs and this computer, and those that have come to an end since Atoll started. */
import "./transfers.css";
import { Eraser, FileStack } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useState } from "react";
import { useStore } from "zustand";
import type { TransferView } from "#shared/model/transfer.ts";
import { useShell } from "../../shell/shell.ts";
import { Bars } from "../../ui/Bars.tsx";
import { countOf } from "../../ui/format.ts";
import { TransferRow } from "./TransferRow.tsx";
import { hasLosses, isEnded, type TransferVerb, verbsOf } from "./transfer-words.ts";

const FILTERS = [
  ["All", () => true],
  ["Under way", (one: TransferView) => !isEnded(one)],
  ["Failed", hasLosses],
] as const;

export function TransfersView() {
  const { transfers: store, send } = useShell();
  const transfers = useStore(store, (state) => state.transfers);
  const [filter, setFilter] = useState<(typeof FILTERS)[number]>(FILTERS[0]);
  const all = transfers ?? [];
  const [, isMeant] = filter;
  return (
    <section className="transfers" aria-label="Transfers">
      <header className="transfers-head">
        <div>
          <h2>Transfers</h2>
          <p>{transfers !== null && summaryOf(transfers)}</p>
        </div>
        <div className="segments" role="radiogroup" aria-label="Which transfers">
          {FILTERS.map((one) => {
            const [text, isOne] = one;
            const count = all.filter(isOne).length;
            return (
              <button
                key={text}
                type="button"
                role="radio"
                aria-checked={one === filter}
                onClick={() => setFilter(one)}
              >
                {text}
                {text !== "All" && count > 0 && <small>{count}</small>}
              </button>
            );
          })}
        </div>
        <button
          type="button"
          className="button icon-button"
          disabled={!all.some(isEnded)}
          onClick={() => send("transfer.clear", {})}
        >
          <Eraser size={14} aria-hidden="true" />
          Clear finished
        </button>
      </header>
      <div className="transfers-room">
        {transfers === null ? <Bars count={5} /> : <Rows transfers={transfers.filter(isMeant)} />}
        {transfers !== null && !transfers.some(isMeant) && <Nothing isFiltered={transfers.length > 0} />}
      </div>
    </section>
  );
}

function summaryOf(transfers: readonly TransferView[]): string {
  const ended = transfers.filter(isEnded).length;
  const open = transfers.length - ended;
  if (transfers.length === 0) return "Files go from one VM to another, and nowhere in between.";
  return `${open === 0 ? "None" : open} under way, ${ended} finished.`;
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return (
    <div className="transfers-none">
      <FileStack size={28} strokeWidth={1.5} aria-hidden="true" />
      <strong>{isFiltered ? "No transfer matches" : "No file is on its way"}</strong>
      {!isFiltered && (
        <p>
          Drop files on a VM in the top bar, or choose “Send to VM…” in a VM’s file manager. In a terminal:{" "}
          <code>atoll cp web:report.pdf home:</code>
        </p>
      )}
    </div>
  );
}

function Rows({ transfers }: { transfers: readonly TransferView[] }) {
  const { send } = useShell();
  const [opened, setOpened] = useState<number | null>(null);
  /** The row that the Tab key reaches; null: the first. */
  const [current, setCurrent] = useState<number | null>(null);
  const reached = transfers.find(({ id }) => id === current) ?? transfers[0];
  const toggle = (id: number): void => setOpened(id === opened ? null : id);
  const run = (verb: TransferVerb, { id }: TransferView): void => send(`transfer.${verb}`, { id });

  const onKeyDown = (event: ReactKeyboardEvent<HTMLOListElement>): void => {
    const heads = [...event.currentTarget.querySelectorAll<HTMLElement>(".transfer-head")];
    const at = heads.findIndex((head) => head === event.target);
    const transfer = transfers[at];
    if (transfer === undefined) return;
    const goes = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: heads.length - 1 }[event.key];
    if (goes !== undefined) heads[Math.max(0, Math.min(heads.length - 1, goes))]?.focus();
    else if (event.key === "Enter") toggle(transfer.id);
    else if (event.key === "Delete") runFirst(["cancel"], transfer);
    else if (event.key === " ") runFirst(["pause", "resume"], transfer);
    else return;
    event.preventDefault();
  };
  const runFirst = (wanted: readonly TransferVerb[], transfer: TransferView): void => {
    const verb = verbsOf(transfer).find((one) => wanted.includes(one));
    if (verb !== undefined) run(verb, transfer);
  };

  return (
    <ol className="transfer-list" aria-label={countOf(transfers.length, "transfer")} onKeyDown={onKeyDown}>
      {transfers.map((transfer) => (
        <TransferRow
          key={transfer.id}
          transfer={transfer}
          isOpen={transfer.id === opened}
          isReached={transfer === reached}
          reach={() => setCurrent(transfer.id)}
          toggle={() => toggle(transfer.id)}
          run={(verb) => run(verb, transfer)}
        />
      ))}
    </ol>
  );
}
