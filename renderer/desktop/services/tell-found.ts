/** Tells the person, in the corner, of malware in a folder that is watched, and of what was not scanned there: nobody has asked for that scan. */
import type { EventPayload } from "#shared/ipc/index.ts";
import { cleanText, withinQuotes } from "#shared/model/text.ts";
import type { OverlayStore } from "../../shell/overlays.ts";
import type { NoticeQueue } from "../../ui/notices.ts";
import { nameOf } from "../crossings/Party.tsx";

const SHOWN_CHARACTERS = 200;
const SHOWN_WORDS = 400;

export function tellFound(notices: NoticeQueue, overlays: Pick<OverlayStore, "open">) {
  return ({ from, path, words }: EventPayload<"scan.found">): void => {
    const open = (): void => overlays.open({ kind: "sheet", tab: "services" });
    const file = withinQuotes(cleanText(path, SHOWN_CHARACTERS));
    notices.tell(`“${file}” in ${nameOf(from)}: ${cleanText(words, SHOWN_WORDS)}. It is still there.`, {
      isGood: false,
      action: { text: "Show", run: open },
    });
  };
}

export function tellUnscanned(notices: NoticeQueue, overlays: Pick<OverlayStore, "open">) {
  return ({ from, path, words }: EventPayload<"scan.unscanned">): void => {
    const open = (): void => overlays.open({ kind: "sheet", tab: "services" });
    const folder = withinQuotes(cleanText(path, SHOWN_CHARACTERS));
    notices.tell(`“${folder}” in ${nameOf(from)}: ${cleanText(words, SHOWN_WORDS)}.`, {
      isGood: false,
      action: { text: "Show", run: open },
    });
  };
}
