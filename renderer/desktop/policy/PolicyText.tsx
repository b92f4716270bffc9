/** policy.yaml as it is, in the place of the timeline, at one of its lines. It is changed by the matrix, or by "atoll policy edit". */
import { FileText, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";

export interface PolicyTextProps {
  /** From 1. */
  line: number;
  close: () => void;
}

export function PolicyText({ line, close }: PolicyTextProps) {
  const { value, error } = useRequest("policy.read", {}, ["policy.changed"]);
  const list = useRef<HTMLOListElement>(null);
  const isThere = value !== null;
  useEffect(() => {
    if (isThere) list.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "center" });
  }, [isThere, line]);
  return (
    <aside className="policy-text" aria-label="policy.yaml">
      <header>
        <FileText size={15} aria-hidden="true" />
        <div>
          <h2>policy.yaml</h2>
          {value !== null && <p>{value.file}</p>}
        </div>
        <button type="button" className="inspector-close" aria-label="Close policy.yaml" onClick={close}>
          <X size={14} />
        </button>
      </header>
      {error !== null && <p className="policy-none">{error}</p>}
      {value === null && error === null && <Bars count={12} />}
      {value !== null && (
        <ol ref={list}>
          {value.text.split("\n").map((text, at) => (
            <li key={at} aria-current={at + 1 === line || undefined}>
              <span>{at + 1}</span>
              <code>{text}</code>
            </li>
          ))}
        </ol>
      )}
    </aside>
  );
}
