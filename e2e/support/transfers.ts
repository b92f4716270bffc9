/** Transfers that a test waits for, or stops in their middle. */
import { expect } from "@playwright/test";
import type { TestDesktop } from "./desktop.ts";

/** As `atoll transfer list` shows it. */
export interface TransferRow {
  id: number;
  state: string;
  bytes: number;
  doneBytes: number;
}

/** The newest transfer, when it is in one of these states. */
export async function newestTransferIs(desktop: TestDesktop, ...states: string[]): Promise<TransferRow> {
  let row: TransferRow | undefined;
  await expect
    .poll(
      async () => {
        [row] = await desktop.json<TransferRow[]>("transfer", "list");
        return row?.state;
      },
      { timeout: 60_000, message: `a transfer is ${states.join(" or ")}` },
    )
    .toMatch(new RegExp(`^(${states.join("|")})$`));
  return row as TransferRow;
}

/**
 * Does what moves a file, and has the page pause that when more than `above` bytes of it are there: it stays in its middle,
 * however fast the machine is. Resolves when it is paused.
 */
export async function pausedTransfer(desktop: TestDesktop, above: number, move: () => unknown): Promise<TransferRow> {
  const page = await desktop.page();
  const paused = await page.evaluateHandle((bytes) => {
    const { atoll } = window;
    const asked = new Promise<void>((resolve) => {
      const stop = atoll.on("transfer.changed", ({ transfers: [newest] }) => {
        if (newest?.state !== "moving" || newest.doneBytes <= bytes) return;
        stop();
        void atoll.request("transfer.pause", { id: newest.id }).then(() => resolve());
      });
    });
    return { asked };
  }, above);
  await move();
  await paused.evaluate(({ asked }) => asked);
  return newestTransferIs(desktop, "paused");
}
