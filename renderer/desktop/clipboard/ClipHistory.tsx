/** What was copied, to be pasted again: searched by words, of one label or of all. It is in memory only, and no guest sees it. */
import "../../ui/launcher.css";
import "./clip-history.css";
import { ClipboardX, Pin, Search, Trash2 } from "lucide-react";
import { Fragment, type KeyboardEvent as ReactKeyboardEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import type { ClipHistoryEntry } from "#shared/ipc/clipboard.ts";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import { useShell } from "../../shell/shell.ts";
import { useKeptRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { agoWords, countOf } from "../../ui/format.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { Tag } from "../../ui/Tag.tsx";
import { keepTabWithin } from "../sheet/keep-tab-within.ts";

/** Characters of a text that are shown. */
const SHOWN_CHARACTERS = 200;

export function ClipHistory() {
  const { overlays, vms: vmStore, send } = useShell();
  const field = useRef<HTMLInputElement>(null);
  const [search, setSearch] = useState("");
  const [label, setLabel] = useState<LabelName | null>(null);
  /** Not its place: what is copied meanwhile must not be picked instead. null: there has been none yet. */
  const [chosenId, setChosenId] = useState<number | null>(null);
  const { value, error, isFormer } = useKeptRequest("clipboard.history", { search, label }, [
    "clipboard.historyChanged",
  ]);
  const labels = useStore(vmStore, ({ vms }) =>
    LABEL_NAMES.filter((name) => vms.some((vm) => vm.label === name)).join(" "),
  );
  const entries = value ?? [];
  const [first] = entries;
  const known = entries.findIndex(({ id }) => id === chosenId);
  if (known === -1 && first !== undefined && !isFormer) setChosenId(first.id);
  const at = Math.max(0, known);
  const chosen = entries[at];

  const pick = (entry: ClipHistoryEntry | undefined): void => {
    if (entry === undefined) return;
    overlays.close();
    send("clipboard.pick", { entry: entry.id });
  };
  const pin = (entry: ClipHistoryEntry): void => send("clipboard.pin", { entry: entry.id, isPinned: !entry.isPinned });
  const forget = (entry: ClipHistoryEntry): void => {
    setChosenId(entries[at + 1]?.id ?? entries[at - 1]?.id ?? null);
    send("clipboard.forget", { entry: entry.id });
  };
  const onKey = (event: ReactKeyboardEvent<HTMLElement>): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") overlays.close();
    // A button that has the focus is pressed by it.
    else if (event.key === "Enter" && event.target instanceof HTMLButtonElement) return;
    // What has been typed may mean another one.
    else if (event.key === "Enter") pick(isFormer ? undefined : chosen);
    else if (step !== undefined) setChosenId(entries[Math.max(0, Math.min(entries.length - 1, at + step))]?.id ?? null);
    else if (event.key.toLowerCase() === "p" && event.ctrlKey && chosen !== undefined) pin(chosen);
    else if (event.key === "Delete" && event.shiftKey && chosen !== undefined) forget(chosen);
    else if (event.key === "Tab") return keepTabWithin(event.currentTarget, event);
    else return;
    event.preventDefault();
  };

  return (
    <div className="launcher" onPointerDown={(event) => event.target === event.currentTarget && overlays.close()}>
      <section className="launcher-panel clips" role="dialog" aria-label="Clipboard history" onKeyDown={onKey}>
        <label className="launcher-search">
          <Search size={17} aria-hidden="true" />
          <input
            ref={field}
            autoFocus
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls="clips-list"
            aria-activedescendant={chosen === undefined ? undefined : `clip-${chosen.id}`}
            placeholder="Search what was copied"
            aria-label="Search what was copied"
            spellCheck={false}
            value={search}
            onChange={({ target }) => {
              setSearch(target.value.slice(0, 200));
              setChosenId(null);
            }}
          />
        </label>
        <div className="clips-labels" role="group" aria-label="Of which label">
          <button type="button" aria-pressed={label === null} onClick={() => setLabel(null)}>
            All
          </button>
          {labelsIn(labels).map((name) => (
            <button
              key={name}
              type="button"
              data-label={name}
              aria-label={name}
              aria-pressed={label === name}
              onClick={() => setLabel(name)}
            >
              <LabelShape label={name} />
            </button>
          ))}
          <button
            type="button"
            className="clips-clear"
            disabled={entries.every(({ isPinned }) => isPinned)}
            onClick={() => {
              send("clipboard.clearHistory", { label });
              // It is disabled then, and would keep the keyboard.
              field.current?.focus();
            }}
          >
            <ClipboardX size={13} aria-hidden="true" />
            Clear{label !== null && ` ${label}`}
          </button>
        </div>
        {value === null && error === null && (
          <div className="clips-bars">
            <Bars count={4} />
          </div>
        )}
        <ul id="clips-list" className="launcher-list" role="listbox" aria-label="What was copied">
          {entries.map((entry, index) => (
            <Clip
              key={entry.id}
              entry={entry}
              isChosen={index === at}
              choose={() => setChosenId(entry.id)}
              pick={() => pick(entry)}
              pin={() => pin(entry)}
              forget={() => forget(entry)}
            />
          ))}
        </ul>
        {error !== null && <p className="launcher-none">{error}</p>}
        {value !== null && entries.length === 0 && !isFormer && (
          <p className="launcher-none">
            {search === "" && label === null
              ? "Nothing was copied yet. What you copy in a VM is kept here for a while, secrets are not."
              : "Nothing that was copied fits."}
          </p>
        )}
        <footer className="clips-keys">
          <span>
            <kbd className="key">Enter</kbd> to paste it next
          </span>
          <span>
            <kbd className="key">Ctrl P</kbd> pin
          </span>
          <span>
            <kbd className="key">Shift Del</kbd> forget
          </span>
        </footer>
      </section>
    </div>
  );
}

/** "": there is no VM, and so no label. */
function labelsIn(words: string): LabelName[] {
  return words === "" ? [] : (words.split(" ") as LabelName[]);
}

interface ClipProps {
  entry: ClipHistoryEntry;
  isChosen: boolean;
  choose: () => void;
  pick: () => void;
  pin: () => void;
  forget: () => void;
}

function Clip({ entry, isChosen, choose, pick, pin, forget }: ClipProps) {
  const { id, vmName, label, text, characters, ageS, isPinned } = entry;
  // A line feed at the end may run a command where it is pasted.
  const lines = text.slice(0, SHOWN_CHARACTERS).split("\n");
  // The line under it is part of the list's row, its buttons are not part of the option.
  const run = (act: () => void) => (event: { stopPropagation: () => void }) => {
    event.stopPropagation();
    act();
  };
  return (
    <li
      id={`clip-${id}`}
      className="clip"
      role="option"
      aria-selected={isChosen}
      aria-label={`${vmName}, ${agoWords(ageS)}`}
      data-label={label}
      onPointerMove={() => !isChosen && choose()}
      onClick={pick}
      ref={(element) => {
        if (isChosen) element?.scrollIntoView({ block: "nearest" });
      }}
    >
      <Tag tag={{ name: vmName, label }} />
      <span className="clip-text">
        {lines.map((line, at) => (
          <Fragment key={at}>
            {at > 0 && <span className="clip-break"> </span>}
            <RevealedText text={line} />
          </Fragment>
        ))}
      </span>
      <small>
        {countOf(characters, "character")}, {agoWords(ageS)}
      </small>
      <button
        type="button"
        tabIndex={-1}
        aria-label={isPinned ? "Unpin" : "Pin"}
        data-on={isPinned || undefined}
        onClick={run(pin)}
      >
        <Pin size={13} fill={isPinned ? "currentColor" : "none"} />
      </button>
      <button type="button" tabIndex={-1} aria-label="Forget" onClick={run(forget)}>
        <Trash2 size={13} />
      </button>
    </li>
  );
}
