/**
 * Tells the person, in the corner, of malware in a folder that is watched, of what was not scanned there, and of what new signatures
 * take back: nobody has asked for these scans.
 */
import type { EventPayload } from "#shared/ipc/index.ts";
import { cleanText, withinQuotes } from "#shared/model/text.ts";
import type { OverlayStore } from "../../shell/overlays.ts";
import type { NoticeQueue } from "../../ui/notices.ts";
import { countOf } from "../../ui/format.ts";
import { nameOf } from "../crossings/Party.tsx";

const SHOWN_CHARACTERS = 200;
const SHOWN_WORDS = 400;

export function tellFound(notices: NoticeQueue, overlays: Pick<OverlayStore, "open">) {
  return ({ from, path, words, others }: EventPayload<"scan.found">): void => {
    const open = (): void => overlays.open({ kind: "sheet", tab: "services" });
    const file = withinQuotes(cleanText(path, SHOWN_CHARACTERS));
    const more = others === 0 ? "" : ` Something was found in ${countOf(others, "other file")}, too.`;
    notices.tell(`“${file}” in ${nameOf(from)}: ${cleanText(words, SHOWN_WORDS)}. It is still there.${more}`, {
      isGood: false,
      action: { text: "Show", run: open },
    });
  };
}

/** Of what was told before, or is in quarantine: new signatures say something else. */
export function tellChanged(notices: NoticeQueue, overlays: Pick<OverlayStore, "open">) {
  return ({ from, path, words, before, isClean, isKept, others }: EventPayload<"scan.changed">): void => {
    const open = (): void => overlays.open({ kind: "sheet", tab: "services" });
    const file = withinQuotes(cleanText(path, SHOWN_CHARACTERS));
    const place = isKept ? `from ${nameOf(from)}, in quarantine` : `in ${nameOf(from)}`;
    const more = others === 0 ? "" : ` So it is with ${countOf(others, "other")} there.`;
    const [now, was] = [words, before].map((one) => cleanText(one, SHOWN_WORDS));
    notices.tell(`“${file}” ${place}: with new signatures, ${now}. Before: ${was}.${more}`, {
      isGood: isClean,
      action: isKept ? { text: "Show", run: open } : null,
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
