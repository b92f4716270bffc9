import { expect, it, vi } from "vitest";
import { createOverlayStore } from "../../shell/overlays.ts";
import { createPromptQueue } from "../../shell/prompts.ts";
import { NoticeQueue } from "../../ui/notices.ts";
import { tellSignatures } from "./tell-signatures.ts";

it("says what is wrong, without what could turn the words round, and shows the services", () => {
  const notices = new NoticeQueue();
  const overlays = createOverlayStore(createPromptQueue());
  const told = vi.spyOn(notices, "tell");
  tellSignatures(notices, overlays)({ service: "signatures", words: "New signatures were not taken: a\u202eb." });
  const [words = "", options] = told.mock.lastCall ?? [];
  expect(words).toMatch(/^New signatures were not taken: a.?b\.$/);
  expect([words.includes("\u202e"), options?.isGood]).toEqual([false, false]);
  options?.action?.run();
  expect(overlays.getState().overlay).toEqual({ kind: "sheet", tab: "services" });
});
