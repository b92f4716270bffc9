/** Which of the types that a program names can be pasted elsewhere, as what, and by which name they are read. Pure. */
import { type ClipType, COPIED_FILES } from "#shared/model/clip.ts";

/**
 * The names of each type, best first; compared without case and spaces. What is not here stays in its VM. UTF8_STRING is X11's
 * name of text; STRING (Latin-1) and TEXT are what the oldest X11 programs have alone.
 */
const NAMES: Readonly<Record<ClipType, readonly string[]>> = {
  "text/plain;charset=utf-8": [
    "text/plain;charset=utf-8",
    "utf8_string",
    "text/plain",
    "text/plain;charset=us-ascii",
    "string",
    "text",
  ],
  "text/html": ["text/html", "text/html;charset=utf-8"],
  // Those that the box for pictures decodes.
  "image/png": ["image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif"],
  "text/uri-list": ["text/uri-list", "text/uri-list;charset=utf-8"],
  [COPIED_FILES]: [COPIED_FILES],
};

/** What a password manager says of its clip; a program that knows it does not keep the content. */
const SECRET_HINTS = new Set(["x-kde-passwordmanagerhint", "text/x-kde-passwordmanagerhint"]);

/** By the type that another VM is offered: the source's own name of what is read for it. */
export function offeredAs(sourceTypes: readonly string[]): Map<ClipType, string> {
  const byName = new Map<string, string>();
  // Of two spellings of a name the program's first one counts.
  for (const type of sourceTypes.toReversed()) byName.set(normalised(type), type);
  // Its other types name the files by paths, which mean nothing in another VM.
  const files = byName.get(COPIED_FILES);
  if (files !== undefined) return new Map([[COPIED_FILES, files]]);
  const offered = new Map<ClipType, string>();
  for (const [type, names] of Object.entries(NAMES) as [ClipType, readonly string[]][]) {
    const name = names.find((one) => byName.has(one));
    const sourceType = name === undefined ? undefined : byName.get(name);
    if (sourceType !== undefined) offered.set(type, sourceType);
  }
  return offered;
}

/** A password manager's: never kept, never shown. */
export function isSecret(sourceTypes: readonly string[]): boolean {
  return sourceTypes.some((type) => SECRET_HINTS.has(normalised(type)));
}

/** `text/plain; charset="UTF-8"` is `text/plain;charset=utf-8`. */
function normalised(type: string): string {
  return type.toLowerCase().replaceAll(/[\s"]/gu, "").replace("charset=utf8", "charset=utf-8");
}
