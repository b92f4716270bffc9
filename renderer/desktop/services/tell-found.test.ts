import { expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { createOverlayStore } from "../../shell/overlays.ts";
import { createPromptQueue } from "../../shell/prompts.ts";
import { NoticeQueue } from "../../ui/notices.ts";
import { tellFound } from "./tell-found.ts";

it("names file, VM and what was found, and shows the services", () => {
  const notices = new NoticeQueue();
  const overlays = createOverlayStore(createPromptQueue());
  const told = vi.spyOn(notices, "tell");
  const from = { kind: "vm", id: "web" as VmId, name: "web", label: "coral", role: "app" } as const;
  tellFound(notices, overlays)({ from, path: "Downloads/a\u202eb", words: "Eicar was found in it (ClamAV)" });
  const [words = "", options] = told.mock.lastCall ?? [];
  expect(words.replaceAll(/[\u2068\u2069]/g, "")).toMatch(
    /^“Downloads\/a.?b” in web: Eicar was found in it \(ClamAV\)\. It is still there\.$/,
  );
  expect(words).not.toContain("\u202e");
  options?.action?.run();
  expect(overlays.getState().overlay).toEqual({ kind: "sheet", tab: "services" });
});
