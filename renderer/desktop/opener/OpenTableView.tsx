/** The table of what opens where. Arrow keys walk its cells, Enter opens one. */
import { PencilLine } from "lucide-react";
import type { CSSProperties } from "react";
import { useStore } from "zustand";
import { TYPE_GROUP_WORDS } from "#shared/model/open.ts";
import { useShell } from "../../shell/shell.ts";
import { labelNamed } from "../../shell/vm-store.ts";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { useGridWalk } from "../../ui/use-grid-walk.ts";
import { nameOf, PartyName } from "../crossings/Party.tsx";
import {
  GROUP_ICONS,
  type OpenCell,
  type OpenSpot,
  type OpenTable,
  openWordOf,
  PLACE_WORDS,
  policyWords,
} from "./open-words.ts";

interface OpenTableViewProps {
  table: OpenTable;
  opened: OpenSpot | null;
  open: (spot: OpenSpot | null) => void;
}

export function OpenTableView({ table: { rows, columns }, opened, open }: OpenTableViewProps) {
  const walk = useGridWalk(rows.length, columns.length);
  return (
    <table
      className="matrix open-table"
      role="grid"
      aria-label="What opens where"
      style={{ "--columns": columns.length } as CSSProperties}
      onKeyDown={walk.onKeyDown}
    >
      <thead>
        <tr>
          <th className="matrix-corner">from</th>
          {columns.map(({ word, party }) => (
            <th key={word} scope="col" data-lit={opened?.from === word || undefined}>
              <PartyName party={party} isShort />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ group, cells }, r) => {
          const Icon = GROUP_ICONS[group];
          return (
            <tr key={group}>
              <th scope="row" data-lit={opened?.group === group || undefined}>
                <span className="open-group">
                  <Icon size={14} aria-hidden="true" />
                  {TYPE_GROUP_WORDS[group]}
                </span>
              </th>
              {columns.map(({ word, party }, c) => {
                const cell = cells[c];
                const isOpened = opened?.group === group && opened.from === word;
                return (
                  <td key={word}>
                    {cell !== undefined && (
                      <button
                        type="button"
                        className="matrix-cell"
                        {...walk.cell(r, c)}
                        aria-pressed={isOpened}
                        aria-label={`${TYPE_GROUP_WORDS[group]} from ${nameOf(party)}: ${cellWords(cell)}`}
                        data-decision={cell.policy === "deny" ? "deny" : undefined}
                        onClick={() => open(isOpened ? null : { group, from: word })}
                      >
                        <Place cell={cell} />
                      </button>
                    )}
                  </td>
                );
              })}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Place({ cell }: { cell: OpenCell }) {
  const { vms } = useShell();
  const label = useStore(vms, (state) => labelNamed(state.vms, cell.in));
  const known = openWordOf(cell.in);
  const { word, Icon } = known === null ? { word: cell.in, Icon: null } : PLACE_WORDS[known];
  const notes = [cell.edit ? "to edit" : null, policyWords(cell)].filter((note) => note !== null);
  return (
    <>
      <span className="open-place" data-label={known === null ? label : undefined}>
        {Icon === null ? <LabelShape label={label} /> : <Icon size={14} aria-hidden="true" />}
      </span>
      <span className="matrix-words">
        {word}
        {notes.length > 0 && <small>{notes.join(", ")}</small>}
      </span>
      {cell.isOwn && <PencilLine className="matrix-sign" size={12} aria-hidden="true" />}
    </>
  );
}

function cellWords(cell: OpenCell): string {
  const more = [cell.edit ? "to edit" : null, policyWords(cell), cell.isOwn ? "a rule of its own" : null];
  return [cell.in, ...more.filter((note) => note !== null)].join(", ");
}
