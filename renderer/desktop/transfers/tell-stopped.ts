/** Tells the person, in the corner, how a transfer has ended: they do not watch it. */
import type { TransferView } from "#shared/model/transfer.ts";
import type { OverlayStore } from "../../shell/overlays.ts";
import type { NoticeQueue } from "../../ui/notices.ts";
import { nameOf } from "../crossings/Party.tsx";
import { hasLosses, objectWords } from "./transfer-words.ts";
import { countOf } from "../../ui/format.ts";

export function tellStopped(notices: NoticeQueue, overlays: Pick<OverlayStore, "open" | "getState">) {
  return (transfer: TransferView): void => {
    const words = stoppedWords(transfer);
    const { overlay } = overlays.getState();
    const isWatched = overlay?.kind === "sheet" && overlay.tab === "transfers";
    if (words === null || isWatched) return;
    const open = (): void => overlays.open({ kind: "sheet", tab: "transfers" });
    notices.tell(words, { isGood: !hasLosses(transfer), action: { text: "Show", run: open } });
  };
}

/** null: the person knows, as they did it themselves, or have been told otherwise (a crossing that is denied). */
export function stoppedWords(transfer: TransferView): string | null {
  const { from, to, state, files, failed, detail, chosen } = transfer;
  const what = objectWords(transfer);
  const has = chosen > 1 ? "have" : "has";
  const way = `from ${nameOf(from)} to ${nameOf(to)}`;
  switch (state) {
    case "done":
      if (failed > 0 && failed === files) return `${what} did not arrive ${way}.`;
      return failed === 0
        ? `${what} ${has} arrived ${way}.`
        : `${what} ${has} arrived ${way}, but for ${countOf(failed, "file")}.`;
    case "failed":
      return `${what} could not be sent ${way}.${detailWords(detail)}`;
    case "interrupted":
      return `${what} ${chosen > 1 ? "were" : "was"} interrupted on the way ${way}. It can be resumed.${detailWords(detail)}`;
    case "denied":
    case "cancelled":
    case "waiting":
    case "scanning":
    case "moving":
    case "paused":
      return null;
  }
}

function detailWords(detail: string): string {
  return detail === "" ? "" : ` ${detail}`;
}
