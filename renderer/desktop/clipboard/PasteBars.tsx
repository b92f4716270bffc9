/**
 * Programs that want to paste without a gesture of the person: small bars that hang from the top bar, where no guest draws.
 * They take neither the keyboard nor the focus, and are gone when their line has run out. The VM's menu has the same answers.
 */
import "./paste-bars.css";
import { useStore } from "zustand";
import type { WaitingPasteView } from "#shared/ipc/clipboard.ts";
import { useShell } from "../../shell/shell.ts";
import { useTag } from "../../shell/use-vm.ts";
import { GuestText } from "../../ui/GuestText.tsx";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { useDead } from "../../ui/use-dead.ts";
import { typeWord } from "../crossings/action-words.ts";

/** Shown at most: the others wait in their VMs' menus. */
const MAX_BARS = 3;

export function PasteBars() {
  const waiting = useStore(useShell().clipboard, (state) => state.waiting);
  if (waiting.length === 0) return null;
  return (
    <div className="paste-bars" role="status">
      {waiting.slice(0, MAX_BARS).map((one, at) => (
        <PasteBar key={one.id} paste={one} above={waiting.slice(0, at)} />
      ))}
    </div>
  );
}

interface PasteBarProps {
  paste: WaitingPasteView;
  /** Those whose bars are above it: where one has gone, it is in the place of another. */
  above: readonly WaitingPasteView[];
}

function PasteBar({ paste: { id, vm, from, app, type, lapsesInMs }, above }: PasteBarProps) {
  const { bridge } = useShell();
  const tag = useTag(vm);
  const source = useTag(from);
  const isDead = useDead([...above, { id }].map((one) => one.id).join(" "));
  const answer = (given: "paste" | "ignore") => () => bridge.report("clipboard.answer", { id, answer: given });
  return (
    <div className="paste-bar" data-label={tag.label}>
      <LabelShape label={tag.label} size={12} />
      <p>
        {app === "" ? (
          <>A program in {tag.name}</>
        ) : (
          <>
            <GuestText text={app} />, as {tag.name} says,
          </>
        )}{" "}
        <b>wants to paste</b>
        <small>
          {typeWord(type)} of {from === null ? "this computer" : source.name}
        </small>
      </p>
      <button type="button" className="button" tabIndex={-1} disabled={isDead} onClick={answer("paste")}>
        Paste
      </button>
      <button type="button" className="button" data-kind="quiet" tabIndex={-1} onClick={answer("ignore")}>
        Ignore
      </button>
      <span className="paste-bar-time" style={{ animationDuration: `${lapsesInMs}ms` }} aria-hidden="true" />
    </div>
  );
}
