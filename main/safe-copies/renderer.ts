/** How a program that renders documents ends: its exit code is all that is known of that, and the words are Atoll's own. */
import type { ExecEnd } from "#shared/protocol/execs.ts";

/** As services/sanitizer/program/pages.py has them. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [10, "it is no document of a kind that can be rendered: a PDF, or an image"],
  [11, "it is broken, or not what it seems to be"],
  [12, "it opens with a password alone"],
  [13, "it has too many pages"],
  [14, "it is an office document, and LibreOffice is not in the service's image"],
  [15, "it took too long to render"],
  [16, "it has too many pixels to be rendered"],
]);

/** null: it has ended as it should. */
export function refusalOf({ code, signal }: ExecEnd): string | null {
  if (code === 0 && signal === 0) return null;
  return (signal === 0 ? REASONS.get(code) : undefined) ?? "the program that rendered it has failed";
}
