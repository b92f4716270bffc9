import { expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { createOverlayStore } from "../../shell/overlays.ts";
import { createPromptQueue } from "../../shell/prompts.ts";
import { NoticeQueue } from "../../ui/notices.ts";
import { tellChanged, tellFound, tellUnscanned } from "./tell-found.ts";

it("names file, VM and what was found, and shows the services", () => {
  const notices = new NoticeQueue();
  const overlays = createOverlayStore(createPromptQueue());
  const told = vi.spyOn(notices, "tell");
  const from = { kind: "vm", id: "web" as VmId, name: "web", label: "coral", role: "app" } as const;
  tellFound(
    notices,
    overlays,
  )({ from, path: "Downloads/a\u202eb", words: "Ei\u202ecar was found in it (ClamAV)", others: 2 });
  const [words = "", options] = told.mock.lastCall ?? [];
  expect(words.replaceAll(/[\u2068\u2069]/g, "")).toMatch(
    /^“Downloads\/a.?b” in web: Eicar was found in it \(ClamAV\)\. It is still there\. Something was found in 2 other files, too\.$/,
  );
  expect(words).not.toContain("\u202e");
  options?.action?.run();
  expect(overlays.getState().overlay).toEqual({ kind: "sheet", tab: "services" });
});

it("names folder, VM and why not all was scanned, without a guest's own marks", () => {
  const notices = new NoticeQueue();
  const told = vi.spyOn(notices, "tell");
  const from = { kind: "vm", id: "web" as VmId, name: "web", label: "coral", role: "app" } as const;
  const overlays = createOverlayStore(createPromptQueue());
  tellUnscanned(notices, overlays)({ from, path: "Downloads", words: "a\u202eb: it was not scanned" });
  const [words = "", options] = told.mock.lastCall ?? [];
  expect(words.replaceAll(/[\u2068\u2069]/g, "")).toMatch(/^“Downloads” in web: a.?b: it was not scanned\.$/);
  expect(words).not.toContain("\u202e");
  options?.action?.run();
  expect(overlays.getState().overlay).toEqual({ kind: "sheet", tab: "services" });
});

it("says what new signatures say, and what was said before, and shows the quarantine where it is there", () => {
  const notices = new NoticeQueue();
  const overlays = createOverlayStore(createPromptQueue());
  const told = vi.spyOn(notices, "tell");
  const from = { kind: "vm", id: "web" as VmId, name: "web", label: "coral", role: "app" } as const;
  const tell = tellChanged(notices, overlays);
  const said = { from, path: "a\u202eb", words: "nothing is found in it", before: "Eicar was found in it (ClamAV)" };
  tell({ ...said, isClean: true, isKept: true, others: 2 });
  const [words = "", options] = told.mock.lastCall ?? [];
  expect(words.replaceAll(/[\u2068\u2069]/g, "")).toMatch(
    /^“a.?b” from web, in quarantine: with new signatures, nothing is found in it\. Before: Eicar was found in it \(ClamAV\)\. So it is with 2 others there\.$/,
  );
  expect([words.includes("\u202e"), options?.isGood]).toEqual([false, true]);
  options?.action?.run();
  expect(overlays.getState().overlay).toEqual({ kind: "sheet", tab: "services" });
  tell({ ...said, isClean: false, isKept: false, others: 0 });
  expect(told.mock.lastCall).toMatchObject([
    expect.stringContaining("in web: with new"),
    { isGood: false, action: null },
  ]);
});
