/** One file or folder on the desktop. */
import { Monitor, ShieldAlert } from "lucide-react";
import { type DragEvent as ReactDragEvent, memo, type PointerEvent as ReactPointerEvent, useRef } from "react";
import { useStore } from "zustand";
import type { IconView } from "#shared/model/icon.ts";
import { cleanText } from "#shared/model/text.ts";
import { useShell } from "../../shell/shell.ts";
import { fileIcon } from "../../ui/file-icon.ts";
import { bytesWords } from "../../ui/format.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { dragIcons } from "../../input/icon-drag.ts";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { chosenIcons, openIcons, renameIcon } from "./icon-actions.ts";

/** Of what a scanner has said. */
const SHOWN_WORDS = 300;

interface Props {
  icon: IconView;
  /** The one that the Tab key reaches. */
  isFirst: boolean;
}

export const DesktopIcon = memo(function DesktopIcon({ icon, isFirst }: Props) {
  const shell = useShell();
  const { icons: store, overlays } = shell;
  const { id, name, party, isFolder, bytes } = icon;
  const isChosen = useStore(store, (state) => state.chosen.has(id));
  const isRenaming = useStore(store, (state) => state.renaming === id);
  const suspect = useStore(store, (state) => state.suspects.get(id) ?? null);
  const Icon = fileIcon({ path: name, isFolder });
  const owner = party.kind === "vm" ? party.name : "this computer";
  const label = party.kind === "vm" ? party.label : null;

  const onPointerDown = (event: ReactPointerEvent): void => {
    if (isRenaming) return;
    overlays.open({ kind: "icons" });
    if (event.ctrlKey) store.toggle(id);
    else if (event.shiftKey) store.extendTo(id);
    // What is chosen already may be dragged, all of it.
    else if (isChosen) store.point(id);
    else store.choose(id);
  };
  const onDragStart = (event: ReactDragEvent): void => {
    dragIcons(event.dataTransfer, chosenIcons(shell));
    event.dataTransfer.effectAllowed = "copy";
  };

  return (
    <li
      className="desktop-icon"
      role="option"
      aria-selected={isChosen}
      aria-label={`${name}, ${owner}${suspect === null ? "" : ", not clean"}`}
      title={[
        `${isFolder ? "Folder" : bytesWords(bytes)}, ${owner}`,
        ...(suspect === null ? [] : [cleanText(suspect, SHOWN_WORDS)]),
      ].join("\n")}
      tabIndex={isFirst ? 0 : -1}
      data-icon={id}
      data-label={label ?? undefined}
      draggable={!isRenaming}
      onPointerDown={onPointerDown}
      onClick={(event) => {
        // It was no drag.
        if (!event.ctrlKey && !event.shiftKey && !isRenaming) store.choose(id);
      }}
      onDoubleClick={() => openIcons(shell, [id])}
      onContextMenu={(event) => {
        event.preventDefault();
        overlays.open({ kind: "icon-menu", icon: id, x: event.clientX, y: event.clientY });
      }}
      onDragStart={onDragStart}
    >
      <span className="desktop-icon-picture">
        <Icon size={34} strokeWidth={1.4} aria-hidden="true" />
        <span className="desktop-icon-owner">
          {label === null ? <Monitor size={11} aria-hidden="true" /> : <LabelShape label={label} size={11} />}
        </span>
        {suspect !== null && (
          <span className="desktop-icon-suspect">
            <ShieldAlert size={13} aria-hidden="true" />
          </span>
        )}
      </span>
      {isRenaming ? (
        <NameInput id={id} name={name} />
      ) : (
        <span className="desktop-icon-name">
          <RevealedText text={name} />
        </span>
      )}
    </li>
  );
});

function NameInput({ id, name }: { id: string; name: string }) {
  const shell = useShell();
  const isOver = useRef(false);
  const end = (value: string | null): void => {
    // Enter takes the field away, and with it the focus.
    if (isOver.current) return;
    isOver.current = true;
    if (value === null) shell.icons.rename(null);
    else void renameIcon(shell, id, value);
  };
  return (
    <input
      className="desktop-icon-input"
      aria-label="New name"
      defaultValue={name}
      maxLength={255}
      spellCheck={false}
      ref={(input) => {
        if (input === null || input === document.activeElement) return;
        input.focus();
        // The ending stays, unless the person chooses it too.
        const dot = name.lastIndexOf(".");
        input.setSelectionRange(0, dot > 0 ? dot : name.length);
      }}
      onBlur={(event) => end(event.target.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") end(event.currentTarget.value);
        else if (event.key === "Escape") end(null);
      }}
    />
  );
}
