/** Tells the person, in the corner, what became of a file or a link that they do not wait for. */
import type { EventPayload } from "#shared/ipc/index.ts";
import type { Shell } from "../../shell/shell.ts";
import { nameOf } from "../crossings/Party.tsx";
import { quoted } from "../../ui/quoted.ts";

type OpenNotice = EventPayload<"open.notice">;

export function tellOpened({ notices, overlays }: Pick<Shell, "notices" | "overlays">) {
  return (notice: OpenNotice): void => {
    const words = openedWords(notice);
    if (words === null) return;
    const isGood = notice.outcome === "returned" || notice.outcome === "kept-both";
    const { comparison } = notice;
    const run = (): void =>
      overlays.open(comparison === null ? { kind: "sheet", tab: "opening" } : { kind: "changes", comparison });
    const text = comparison === null ? "What opens where" : "What changed";
    notices.tell(words, { isGood, action: isGood && comparison === null ? null : { text, run } });
  };
}

/** null: the window that has opened says it. */
export function openedWords({ item, outcome, from, to, detail, programs }: OpenNotice): string | null {
  const what = quoted(item.kind === "file" ? item.name : item.url);
  const where = to === null ? "" : ` in ${nameOf(to)}`;
  const more = detail === "" ? "" : ` ${detail}`;
  switch (outcome) {
    case "opened":
      return null;
    case "denied":
      return `${what} of ${nameOf(from)} was not opened${where}: it is denied.${more}`;
    case "failed":
      return `${what} of ${nameOf(from)} could not be opened${where}.${more}`;
    case "no-handler":
      return `No program${where} opens ${what}.${more}${handlerWords(programs)}`;
    case "returned":
      return `${what} is back in ${nameOf(from)}, as it was edited${where}.${more}`;
    case "kept-both":
      return `${what} is back in ${nameOf(from)} beside the file that was changed there meanwhile.${more}`;
    case "not-returned":
      return `${what} was not taken back: the file in ${nameOf(from)} is as it was.${more}`;
  }
}

function handlerWords(programs: OpenNotice["programs"]): string {
  const [first] = programs;
  if (first === undefined) return "";
  return ` ${quoted(first.program)} in ${first.vm ?? `template ${first.template ?? ""}`} does.`;
}
