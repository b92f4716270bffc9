/** Words of a guest within what the host says: quoted, and unable to change how the host's words around them are read. */
import "./guest-text.css";
import type { LabelName } from "#shared/model/label.ts";
import { countOf } from "./format.ts";
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
  const lines = text.split("\n").map((line) => Array.from(line));
  const moreLines = lines.length - PREVIEW_LINES;
  const isLastLong = (lines.at(-1)?.length ?? 0) > PREVIEW_LINE_CHARACTERS;
  return (
    <blockquote className="guest-preview" data-label={label ?? undefined}>
      {lines.slice(0, PREVIEW_LINES).map((line, at) => {
        const isEnded = at < lines.length - 1;
        return <PreviewLine key={at} characters={line} isEnded={isEnded} isCut={isCut && !isEnded} />;
      })}
      {moreLines > 0 && (
        <footer>
          and {countOf(moreLines, "more line")}
          {isCut && ", at least"}
        </footer>
      )}
      {moreLines <= 0 && isCut && !isLastLong && <footer>and more</footer>}
    </blockquote>
  );
}

interface PreviewLineProps {
  characters: readonly string[];
  isEnded: boolean;
  /** These are only its beginning. */
  isCut: boolean;
}

function PreviewLine({ characters, isEnded, isCut }: PreviewLineProps) {
  const more = characters.length - PREVIEW_LINE_CHARACTERS;
  return (
    <div className="guest-preview-line">
      <RevealedText text={characters.slice(0, PREVIEW_LINE_CHARACTERS).join("")} />
      {more > 0 && (
        <span className="guest-preview-more">
          and {countOf(more, "more character")}
          {isCut && ", at least"}
        </span>
      )}
      {isEnded && <span className="revealed-tab"> ↵</span>}
    </div>
  );
}
