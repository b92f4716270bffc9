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
      { timeout: 180_000, message: `a transfer is ${states.join(" or ")}` },
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

/** Does what moves a file; resolves while it moves, when about this fraction of its bytes is there, or at its end. */
export async function movedTransfer(desktop: TestDesktop, fraction: number, move: () => unknown): Promise<TransferRow> {
  const page = await desktop.page();
  const [last] = await desktop.json<TransferRow[]>("transfer", "list");
  const moved = await page.evaluateHandle(
    ([wanted, before]) => {
      const row = new Promise<number>((resolve) => {
        const stop = window.atoll.on("transfer.changed", ({ transfers: [newest] }) => {
          if (newest === undefined || newest.id <= before || newest.bytes === 0) return;
          if (newest.state === "moving" ? newest.doneBytes < newest.bytes * wanted : newest.state !== "done") return;
          stop();
          resolve(newest.id);
        });
      });
      return { row };
    },
    [fraction, last?.id ?? 0] as const,
  );
  await move();
  const id = await moved.evaluate(({ row }) => row);
  const rows = await desktop.json<TransferRow[]>("transfer", "list");
  const found = rows.find((row) => row.id === id);
  if (found === undefined) throw new Error("the transfer is not listed");
  return found;
}
