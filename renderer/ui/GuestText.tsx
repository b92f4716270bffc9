/** Words of a guest within what the host says: quoted, and unable to change how the host's words around them are read. */
import "./guest-text.css";
import type { LabelName } from "#shared/model/label.ts";
import { countOf, countWords } from "./format.ts";
import { revealHidden, withinQuotes } from "#shared/model/text.ts";

/** One element: in a grid or a row its quotes would stand apart from it. */
export function GuestText({ text }: { text: string }) {
  return (
    <span>
      “<bdi>{withinQuotes(text)}</bdi>”
    </span>
  );
}

/**
 * Text of a guest on one line, where it is what the person has to judge: what is hidden in it is boxed by its code, so that
 * nothing in the text can look like a box.
 */
export function RevealedText({ text }: { text: string }) {
  return (
    <bdi className="revealed">
      {revealHidden(text).map((piece, at) =>
        "code" in piece ? <HiddenCharacter key={at} code={piece.code} /> : piece.text,
      )}
    </bdi>
  );
}

/** A name that a guest has given, as a quotation: it cannot end it, and what is hidden in it is boxed. */
export function GuestName({ name }: { name: string }) {
  return (
    <span className="guest-name">
      “<RevealedText text={withinQuotes(name)} />”
    </span>
  );
}

/** Tabs are so common that their box would tell nothing. */
function HiddenCharacter({ code }: { code: string }) {
  return code === "U+0009" ? <span className="revealed-tab"> ⇥ </span> : <span className="revealed-code">{code}</span>;
}

interface GuestPreviewProps {
  /** The text, or its beginning. */
  text: string;
  /** `text` is only its beginning. */
  isCut: boolean;
  /** Label of the VM that it comes from; null: the host. */
  label: LabelName | null;
}

/** What is shown of a text at most. */
const PREVIEW_LINES = 6;
const PREVIEW_LINE_CHARACTERS = 240;

/** The beginning of a text of a guest, as a quotation with its VM's colour at the edge; what is not shown of it is counted. */
export function GuestPreview({ text, isCut, label }: GuestPreviewProps) {
  const lines = text.split("\n");
  const moreLines = lines.length - PREVIEW_LINES;
  return (
    <blockquote className="guest-preview" data-label={label ?? undefined}>
      {lines.slice(0, PREVIEW_LINES).map((line, at) => (
        <PreviewLine key={at} line={line} isEnded={at < lines.length - 1} />
      ))}
      {moreLines > 0 && (
        <footer>
          and {countOf(moreLines, "more line")}
          {isCut && ", at least"}
        </footer>
      )}
      {moreLines <= 0 && isCut && <footer>and more</footer>}
    </blockquote>
  );
}

function PreviewLine({ line, isEnded }: { line: string; isEnded: boolean }) {
  const more = line.length - PREVIEW_LINE_CHARACTERS;
  return (
    <div className="guest-preview-line">
      <RevealedText text={more > 0 ? line.slice(0, PREVIEW_LINE_CHARACTERS) : line} />
      {more > 0 && (
        <span className="guest-preview-more">
          and {countWords(more)} more {more === 1 ? "character" : "characters"}
        </span>
      )}
      {isEnded && <span className="revealed-tab"> ↵</span>}
    </div>
  );
}
