/** A question of the host: it dims every guest's window and holds the keyboard until it is answered. */
import "./prompt.css";
import { AlertDialog } from "@base-ui/react/alert-dialog";
import type { ReactNode } from "react";

interface PromptProps {
  title: string;
  /** What happens, in a line or two. */
  text: ReactNode;
  /** null: it is too late for that. */
  cancel: (() => void) | null;
  children?: ReactNode;
  /** PromptButtons, the safest first; "Cancel" stands before them. */
  buttons: ReactNode;
}

export function Prompt({ title, text, cancel, children, buttons }: PromptProps) {
  return (
    <AlertDialog.Root open onOpenChange={(isOpen) => !isOpen && cancel?.()}>
      <AlertDialog.Portal className="overlay-layer">
        <AlertDialog.Backdrop className="prompt-backdrop" />
        <AlertDialog.Popup className="prompt">
          <AlertDialog.Title className="prompt-title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="prompt-text" render={<div />}>
            {text}
          </AlertDialog.Description>
          {children}
          <div className="prompt-buttons">
            {cancel !== null && <AlertDialog.Close className="button">Cancel</AlertDialog.Close>}
            {buttons}
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
