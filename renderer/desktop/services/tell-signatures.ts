/** Tells the person, in the corner, what is wrong with signatures: nobody has asked for them just now. */
import type { EventPayload } from "#shared/ipc/index.ts";
import { cleanText } from "#shared/model/text.ts";
import type { OverlayStore } from "../../shell/overlays.ts";
import type { NoticeQueue } from "../../ui/notices.ts";

const SHOWN_CHARACTERS = 300;

export function tellSignatures(notices: NoticeQueue, overlays: Pick<OverlayStore, "open">) {
  return ({ words }: EventPayload<"scan.signatures">): void => {
    const open = (): void => overlays.open({ kind: "sheet", tab: "services" });
    notices.tell(cleanText(words, SHOWN_CHARACTERS), { isGood: false, action: { text: "Show", run: open } });
  };
}
