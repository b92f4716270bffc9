/** Who may what to whom: one action, a row for each that gives and a column for each that gets. Arrow keys walk its cells. */
import { PencilLine, RefreshCw } from "lucide-react";
import { type CSSProperties, useState } from "react";
import type { LabelName } from "#shared/model/label.ts";
import { countOf } from "../../ui/format.ts";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { useGridWalk } from "../../ui/use-grid-walk.ts";
import { nameOf, PartyName } from "../crossings/Party.tsx";
import { DECISIONS, untilWords } from "./decision-words.ts";
import {
  type Line,
  linesOf,
  type Matrix as MatrixData,
  type MatrixCell,
  type Pair,
  type Square,
  squareAt,
} from "./matrix-model.ts";

interface MatrixProps {
  matrix: MatrixData;
  /** The opened cell. */
  opened: Pair | null;
  open: (pair: Pair | null) => void;
}

export function Matrix({ matrix, opened, open }: MatrixProps) {
  const [openLabels, setOpenLabels] = useState<ReadonlySet<LabelName>>(new Set());
  const [rows, columns] = [linesOf(matrix.rows, openLabels), linesOf(matrix.columns, openLabels)];
  const walk = useGridWalk(rows.length, columns.length);

  const expand = (...lines: Line[]): void =>
    setOpenLabels(new Set([...openLabels, ...lines.flatMap((line) => (line.kind === "group" ? [line.label] : []))]));
  const press = (row: Line, column: Line): void => {
    if (row.kind === "group" || column.kind === "group") return expand(row, column);
    const isOpened = opened?.from === row.key && opened.to === column.key;
    open(isOpened ? null : { from: row.key, to: column.key });
  };
  return (
    <table
      className="matrix"
      role="grid"
      aria-label="Who may what to whom"
      style={{ "--columns": columns.length } as CSSProperties}
      onKeyDown={walk.onKeyDown}
    >
      <thead>
        <tr>
          <th className="matrix-corner">
            {openLabels.size === 0 ? (
              "from → to"
            ) : (
              <button type="button" className="link" onClick={() => setOpenLabels(new Set())}>
                Group again
              </button>
            )}
          </th>
          {columns.map((line) => (
            <Head key={line.key} line={line} scope="col" isLit={opened?.to === line.key} expand={expand} />
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, r) => (
          <tr key={row.key}>
            <Head line={row} scope="row" isLit={opened?.from === row.key} expand={expand} />
            {columns.map((column, c) => {
              const square = squareAt(matrix, row, column);
              return (
                <td key={column.key}>
                  <button
                    type="button"
                    className="matrix-cell"
                    {...walk.cell(r, c)}
                    aria-pressed={opened?.from === row.key && opened.to === column.key}
                    aria-disabled={square.kind === "inside"}
                    aria-label={`${lineName(row)} to ${lineName(column)}: ${squareWords(square)}`}
                    data-decision={decisionOf(square) ?? undefined}
                    data-kind={square.kind}
                    onClick={() => square.kind !== "inside" && press(row, column)}
                  >
                    <SquareView square={square} />
                  </button>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface HeadProps {
  line: Line;
  scope: "row" | "col";
  isLit: boolean;
  expand: (line: Line) => void;
}

function Head({ line, scope, isLit, expand }: HeadProps) {
  return (
    <th scope={scope} data-lit={isLit || undefined}>
      {line.kind === "group" ? (
        <button type="button" className="matrix-group" tabIndex={-1} onClick={() => expand(line)}>
          <span className="party-name" data-label={line.label}>
            <LabelShape label={line.label} />
            <b>{countOf(line.count, "VM")}</b>
          </span>
        </button>
      ) : (
        <PartyName party={line.party.party} isShort />
      )}
    </th>
  );
}

function SquareView({ square }: { square: Square }) {
  switch (square.kind) {
    case "inside":
      return "inside: free";
    case "group":
      return square.decision === null ? "they differ" : <Verdict decision={square.decision} />;
    case "cell":
      return <CellView cell={square.cell} />;
  }
}

function CellView({ cell: { decision, isOwn, asksEachTime, until } }: { cell: MatrixCell }) {
  return (
    <>
      <Verdict decision={decision} until={until} />
      {isOwn && until === null && <PencilLine className="matrix-sign" size={12} aria-hidden="true" />}
      {asksEachTime && <RefreshCw className="matrix-sign" size={12} aria-hidden="true" />}
    </>
  );
}

function Verdict({ decision, until = null }: { decision: MatrixCell["decision"]; until?: string | null }) {
  const { Icon, word } = DECISIONS[decision];
  return (
    <>
      <Icon className="matrix-verdict" size={14} aria-hidden="true" />
      <span className="matrix-words">
        {word}
        {until !== null && <small>{untilWords(until)}</small>}
      </span>
    </>
  );
}

function decisionOf(square: Square): string | null {
  return square.kind === "cell" ? square.cell.decision : square.kind === "group" ? square.decision : null;
}

function lineName(line: Line): string {
  return line.kind === "group" ? `${line.count} VMs of ${line.label}` : nameOf(line.party.party);
}

function squareWords(square: Square): string {
  if (square.kind === "inside") return "inside one VM, free";
  if (square.kind === "group") return square.decision ?? "they differ";
  const { decision, isOwn, asksEachTime, until } = square.cell;
  const more = [isOwn && "your rule", asksEachTime && "every time", until !== null && untilWords(until)];
  return [decision, ...more.filter((word) => word !== false)].join(", ");
}
