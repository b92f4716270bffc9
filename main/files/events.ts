/** Events to the page about transfers. */
import type { Page } from "../ipc/page.ts";
import type { Transfers } from "./transfers.ts";

/** Between two of them: what changes a thousand times a second is told four times. */
const CHANGED_MS = 250;

interface Parts {
  page: Pick<Page, "on" | "send">;
  transfers: Pick<Transfers, "on" | "views">;
}

export function sendTransferEvents({ page, transfers }: Parts): void {
  let timer: NodeJS.Timeout | null = null;
  let isDue = false;
  const send = (): void => page.send("transfer.changed", { transfers: transfers.views });
  const tick = (): void => {
    timer = null;
    if (!isDue) return;
    isDue = false;
    send();
    timer = setTimeout(tick, CHANGED_MS);
  };
  transfers.on("changed", () => {
    isDue = true;
    if (timer === null) tick();
  });
  page.on("attached", send);
}
