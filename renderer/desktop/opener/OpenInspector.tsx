/** Why one kind of files opens where it does, and a rule for it alone. */
import { X } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useState } from "react";
import { useStore } from "zustand";
import type { RequestInput } from "#shared/ipc/index.ts";
import type { TypeGroup } from "#shared/model/open.ts";
import { useShell } from "../../shell/shell.ts";
import { labelNamed } from "../../shell/vm-store.ts";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { PartyTag } from "../crossings/Party.tsx";
import {
  canBeEdited,
  GROUP_ICONS,
  type OpenCell,
  type OpenTable,
  openWordOf,
  PLACE_WORDS,
  policyWords,
} from "./open-words.ts";

interface OpenInspectorProps {
  group: TypeGroup;
  groupWords: string;
  from: OpenTable["columns"][number];
  cell: OpenCell;
  /** Names of VMs in which things can open. */
  vms: readonly string[];
  set: (rule: RequestInput<"open.setRule">) => void;
  takeBack: (rule: RequestInput<"open.takeBack">) => void;
  close: () => void;
}

export function OpenInspector(props: OpenInspectorProps) {
  const { group, groupWords, from, cell, close } = props;
  const { rule, isOwn } = cell;
  const Icon = GROUP_ICONS[group];
  const policy = policyWords(cell);
  return (
    <section className="inspector" aria-label="The cell that is open">
      <div className="inspector-why">
        <header>
          <PartyTag party={from.party} />
          <span className="open-group">
            <Icon size={14} aria-hidden="true" />
            {groupWords}
          </span>
        </header>
        <p>{cell.explanation}</p>
        {rule !== null && (
          <pre className="inspector-rule">
            <span>{rule.line}</span>
            <code>{rule.text}</code>
          </pre>
        )}
        {policy !== null && <p className="open-policy">But {policy}: what may cross is under Policy, Open files.</p>}
        <footer>
          {isOwn && rule !== null && (
            <button type="button" className="link" onClick={() => props.takeBack(rule)}>
              Take line {rule.line} back
            </button>
          )}
        </footer>
      </div>
      <Change {...props} />
      <button type="button" className="inspector-close" aria-label="Close the cell" onClick={close}>
        <X size={14} />
      </button>
    </section>
  );
}

function Change({ group, groupWords, from, cell, vms, set, close }: OpenInspectorProps) {
  const [word, setWord] = useState(cell.in);
  const [wantsEdit, setEdit] = useState(cell.edit);
  const edit = wantsEdit && canBeEdited(group, word);
  const isChanged = word !== cell.in || edit !== cell.edit;
  const write = (): void => (isChanged ? set({ group, from: from.word, in: word, edit }) : undefined);
  // On this computer itself nothing opens.
  const words = [...(from.party.kind === "host" ? [] : ["here"]), "disposable", "ask", ...vms];
  const onKeyDown = (event: ReactKeyboardEvent): void => {
    if (event.key !== "Enter" || !event.ctrlKey) return;
    event.preventDefault();
    write();
  };
  return (
    <div className="inspector-change" role="group" aria-label="Change where it opens" onKeyDown={onKeyDown}>
      <header>
        <h3>Open {groupWords} from here in</h3>
      </header>
      <div className="open-words" role="radiogroup" aria-label="Where">
        {words.map((one) => (
          <button key={one} type="button" role="radio" aria-checked={one === word} onClick={() => setWord(one)}>
            <PlaceSign word={one} />
          </button>
        ))}
      </div>
      {canBeEdited(group, word) && (
        <label className="prompt-check">
          <input type="checkbox" checked={wantsEdit} onChange={({ target }) => setEdit(target.checked)} />
          To edit: what is saved comes back
        </label>
      )}
      <footer>
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button
          type="button"
          className="button"
          data-kind="main"
          disabled={!isChanged}
          title="Ctrl+Enter"
          onClick={write}
        >
          Write rule
        </button>
      </footer>
    </div>
  );
}

function PlaceSign({ word }: { word: string }) {
  const { vms } = useShell();
  const label = useStore(vms, (state) => labelNamed(state.vms, word));
  const known = openWordOf(word);
  if (known !== null) {
    const { Icon } = PLACE_WORDS[known];
    return (
      <>
        <Icon size={14} aria-hidden="true" />
        {PLACE_WORDS[known].word}
      </>
    );
  }
  return (
    <>
      <span className="open-place" data-label={label}>
        <LabelShape label={label} />
      </span>
      {word}
    </>
  );
}
