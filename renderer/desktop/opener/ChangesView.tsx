/** What differs where a text was edited elsewhere and changed at home meanwhile: both are kept, and this only shows them. */
import "../../ui/prompt.css";
import "./changes.css";
import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useMemo } from "react";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { GuestName, RevealedText } from "../../ui/GuestText.tsx";
import { type ChangeRow, textChanges } from "./text-changes.ts";

const SIGNS = { same: " ", removed: "−", added: "+" } as const;

export function ChangesView({ comparison }: { comparison: number }) {
  const { overlays } = useShell();
  const { value, error } = useRequest("open.compare", { comparison }, []);
  const changes = useMemo(() => (value === null ? null : textChanges(value.there, value.edited)), [value]);
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && overlays.close()}>
      <Dialog.Portal className="overlay-layer">
        <Dialog.Backdrop className="prompt-backdrop" />
        <Dialog.Popup className="prompt changes">
          <Dialog.Title className="prompt-title">
            What changed
            {value !== null && (
              <>
                {" "}
                in <GuestName name={value.name} />
              </>
            )}
          </Dialog.Title>
          {error !== null && <p className="prompt-text">{error}</p>}
          {value !== null && changes === null && (
            <p className="prompt-text">They differ too much for a list of changes: open both files.</p>
          )}
          {changes !== null && <Changes {...changes} />}
          <Dialog.Close className="prompt-close" aria-label="Close">
            <X size={15} />
          </Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Changes({ rows, isCut }: { rows: readonly ChangeRow[]; isCut: boolean }) {
  if (rows.every(({ kind }) => kind === "same" || kind === "skipped"))
    return <p className="prompt-text">Their texts are the same.</p>;
  return (
    <>
      <p className="prompt-text">
        <b data-change="removed">−</b> is in the file, <b data-change="added">+</b> in the copy that was edited. Both
        are kept.
      </p>
      <ol className="changes-rows" aria-label="Changes">
        {rows.map((row, at) => (
          <Row key={at} row={row} />
        ))}
      </ol>
      {isCut && <p className="prompt-text">There is more: open both files.</p>}
    </>
  );
}

function Row({ row }: { row: ChangeRow }) {
  if (row.kind === "skipped") return <li data-change="skipped">{row.lines} lines that are the same</li>;
  return (
    <li data-change={row.kind}>
      <span className="changes-sign">{SIGNS[row.kind]}</span>
      <RevealedText text={row.text} />
    </li>
  );
}
