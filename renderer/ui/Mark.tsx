/** The mark by which a person knows a prompt of the host: a pattern and two words that no guest knows. */
import "./mark.css";
import { TriangleAlert } from "lucide-react";
import { createContext, useContext } from "react";
import type { PromptMark } from "#shared/model/prompt-mark.ts";
import { markPattern, PATTERN_SIDE } from "./mark-pattern.ts";

/** null: it cannot be read. */
export const MarkContext = createContext<PromptMark | null>(null);

/** `note`: what it is, in a line. */
export function Mark({ note }: { note: string }) {
  const mark = useContext(MarkContext);
  return (
    <div className="mark" data-part="mark">
      {mark === null ? (
        <TriangleAlert className="mark-missing" size={22} aria-hidden="true" />
      ) : (
        <MarkPicture pattern={mark.pattern} />
      )}
      <div className="mark-text">
        <strong>{mark === null ? "No mark" : mark.words}</strong>
        <span>{mark === null ? "Your mark cannot be read: draw another one in the settings." : note}</span>
      </div>
    </div>
  );
}

function MarkPicture({ pattern }: { pattern: string }) {
  const { path, ground, line, core } = markPattern(pattern);
  return (
    <svg className="mark-picture" viewBox={`0 0 ${PATTERN_SIDE} ${PATTERN_SIDE}`} aria-hidden="true">
      <rect width={PATTERN_SIDE} height={PATTERN_SIDE} fill={ground} />
      <path d={path} fill="none" stroke={line} strokeWidth="9" />
      <path d={path} fill="none" stroke={core} strokeWidth="2.6" />
    </svg>
  );
}
