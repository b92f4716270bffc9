import { expect, it, vi } from "vitest";
import type { TransferView } from "#shared/model/transfer.ts";
import { createOverlayStore } from "../../shell/overlays.ts";
import { createPromptQueue } from "../../shell/prompts.ts";
import { NoticeQueue } from "../../ui/notices.ts";
import { stoppedWords, tellStopped } from "./tell-stopped.ts";
import { transferView } from "./testing.ts";

it.each<[Partial<TransferView>, string | null]>([
  [{ state: "done" }, "“notes.txt” has arrived from web to home."],
  [{ state: "done", chosen: 3 }, "“notes.txt” and 2 more have arrived from web to home."],
  [{ state: "done", failed: 2 }, "“notes.txt” has arrived from web to home, but for 2 files."],
  [{ state: "done", files: 1, failed: 1 }, "“notes.txt” did not arrive from web to home."],
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

it("leads to the view, and says nothing to who looks at it", () => {
  const overlays = createOverlayStore(createPromptQueue());
  const notices = new NoticeQueue();
  const told = vi.spyOn(notices, "tell");
  const tell = tellStopped(notices, overlays);
  tell(transferView({ state: "done", failed: 1 }));
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.any(String), expect.objectContaining({ isGood: false }));
  told.mock.lastCall?.[1].action?.run();
  expect(overlays.getState().overlay).toEqual({ kind: "sheet", tab: "transfers" });
  tell(transferView({ state: "done" }));
  expect(told).toHaveBeenCalledOnce();
});
