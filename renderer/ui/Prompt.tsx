/**
 * A question of the host: it dims every guest's window, and has the keyboard until it is answered. So that a key or click
 * meant for a program does not answer it, "Cancel" has the focus, and for a moment all other buttons are disabled and Enter and
 * Space press nothing: nor do they while somebody goes on typing.
 */
import "./prompt.css";
import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Hand } from "lucide-react";
import {
  createContext,
  type KeyboardEvent as ReactKeyboardEvent,
  type ReactNode,
  type RefObject,
  useContext,
  useRef,
} from "react";
import { Mark } from "./Mark.tsx";
import { DEAD_MS, useDead } from "./use-dead.ts";

interface PromptProps {
  title: string;
  /** What happens, in a line or two. */
  text: ReactNode;
  /** null: it cannot be cancelled. */
  cancel: (() => void) | null;
  /** What the button that cancels says. */
  cancelText?: string;
  /** What tools know it by. */
  name?: number;
  /** Room for more than a few lines. */
  isWide?: boolean;
  /** What has the focus in place of "Cancel", where it answers nothing by itself. */
  initialFocus?: RefObject<HTMLElement | null>;
  children?: ReactNode;
  /** PromptButtons, the safest first; "Cancel" comes before them. */
  buttons: ReactNode;
  /** Below the buttons, in a line. */
  note?: ReactNode;
}

const ArmedContext = createContext(false);

export function Prompt(props: PromptProps) {
  const {
    title,
    text,
    cancel,
    cancelText = "Cancel",
    name,
    isWide = false,
    initialFocus,
    children,
    buttons,
    note,
  } = props;
  const isArmed = !useDead(title);
  const cancelButton = useRef<HTMLButtonElement>(null);
  /** When a key of text came that nothing in the prompt takes, performance.now(). */
  const typedMs = useRef(-Infinity);
  return (
    <AlertDialog.Root open onOpenChange={(isOpen) => !isOpen && cancel?.()}>
      <AlertDialog.Portal className="overlay-layer">
        <AlertDialog.Backdrop className="prompt-backdrop" />
        <AlertDialog.Popup
          className="prompt"
          data-prompt={name}
          data-wide={isWide || undefined}
          initialFocus={() => initialFocus?.current ?? cancelButton.current}
          onKeyDownCapture={(event) => {
            const isForButton = event.target instanceof HTMLButtonElement;
            if (isPress(event.key)) {
              const isTyping = isForButton && performance.now() - typedMs.current < DEAD_MS;
              if (!isArmed || isTyping) event.preventDefault();
            } else if (isForButton && isText(event)) typedMs.current = performance.now();
          }}
        >
          <header className="prompt-head">
            <Mark note="Your mark. Only Atoll knows it." />
            <span className="prompt-asks">
              <Hand size={13} aria-hidden="true" />
              Atoll asks
            </span>
          </header>
          <AlertDialog.Title className="prompt-title">{title}</AlertDialog.Title>
          <AlertDialog.Description className="prompt-text" render={<div />}>
            {text}
          </AlertDialog.Description>
          <ArmedContext value={isArmed}>{children}</ArmedContext>
          <div className="prompt-buttons">
            {cancel !== null && (
              <AlertDialog.Close
                ref={cancelButton}
                className="button"
                data-answer={name === undefined ? undefined : "deny"}
              >
                {cancelText}
                {isWide && <kbd className="key">Esc</kbd>}
              </AlertDialog.Close>
            )}
            <ArmedContext value={isArmed}>{buttons}</ArmedContext>
          </div>
          {note !== undefined && <div className="prompt-note">{note}</div>}
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

/** Whether an answer counts already, for what gives one by other means than a PromptButton. */
export function useIsArmed(): boolean {
  return useContext(ArmedContext);
}

interface PromptButtonProps {
  kind?: "main" | "danger";
  press: () => void;
  /** Name of the answer that it gives, as `atoll prompt list` has it. */
  answer?: string;
  children: ReactNode;
}

/** An answer other than "Cancel". */
export function PromptButton({ kind, press, answer, children }: PromptButtonProps) {
  const isArmed = useIsArmed();
  return (
    <button type="button" className="button" data-kind={kind} data-answer={answer} disabled={!isArmed} onClick={press}>
      {children}
    </button>
  );
}

function isText({ key, ctrlKey, altKey, metaKey }: ReactKeyboardEvent): boolean {
  return key.length === 1 && !ctrlKey && !altKey && !metaKey;
}

/** What somebody who types presses a button with. */
function isPress(key: string): boolean {
  return key === "Enter" || key === " ";
}
