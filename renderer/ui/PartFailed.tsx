/** In place of a part of the host's that could not be drawn: which one it is, and a way to try again. */
import "./part-failed.css";
import { TriangleAlert } from "lucide-react";
import { useEffect, useRef } from "react";

interface PartFailedProps {
  /** The part, as the subject of a sentence. */
  name: string;
  again: () => void;
  /** Closes it, where it has the keyboard; it is the focus's then. */
  close: (() => void) | null;
}

export function PartFailed({ name, again, close }: PartFailedProps) {
  const button = useRef<HTMLButtonElement>(null);
  const hasKeyboard = close !== null;
  useEffect(() => {
    if (hasKeyboard) button.current?.focus();
  }, [hasKeyboard]);
  return (
    <div
      className="part-failed"
      role="alert"
      onKeyDown={(event) => {
        if (event.key === "Escape") close?.();
      }}
    >
      <TriangleAlert size={15} aria-hidden="true" />
      <span>{name} has failed. Atoll’s log says why.</span>
      <button ref={button} type="button" className="button" onClick={again}>
        Show again
      </button>
      {close !== null && (
        <button type="button" className="button" onClick={close}>
          Close
        </button>
      )}
    </div>
  );
}
