import { expect, it } from "vitest";
import type { TransferView } from "#shared/model/transfer.ts";
import { stoppedWords } from "./tell-stopped.ts";
import { transferView } from "./testing.ts";

it.each<[Partial<TransferView>, string | null]>([
  [{ state: "done" }, "“notes.txt” has arrived from web to home."],
  [{ state: "done", chosen: 3 }, "“notes.txt” and 2 more have arrived from web to home."],
  [{ state: "done", failed: 2 }, "“notes.txt” has arrived from web to home, but for 2 files."],
  [
    { state: "failed", to: { kind: "host" }, detail: "The disk is full there." },
    "“notes.txt” could not be sent from web to this computer. The disk is full there.",
  ],
  [{ state: "interrupted" }, "“notes.txt” was interrupted on the way from web to home. It can be resumed."],
  [{ state: "cancelled" }, null],
  [{ state: "denied" }, null],
])("%o: %s", (change, words) => {
  expect(stoppedWords(transferView(change))?.replaceAll(/[\u2068\u2069]/g, "") ?? null).toBe(words);
});
