import { expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { NoticeQueue } from "../../ui/notices.ts";
import { tellNoScanner, tellScanned } from "./tell-scanned.ts";

const from = { kind: "vm", id: "web" as VmId, name: "web", label: "coral", role: "app" } as const;

it.each([
  [{ path: "/h/a\u202eb", words: "Ei\u202ecar was found in it", others: 0 }, "“ab” in web: Eicar was found in it."],
  [{ path: "a", words: "it was not scanned", others: 1 }, "“a” in web: it was not scanned. 1 more is not clean."],
  [{ path: "a", words: "it was not scanned", others: 2 }, "“a” in web: it was not scanned. 2 more are not clean."],
  [{ path: "/h/a", words: "", others: 0 }, "“a” in web is clean."],
  [{ path: "/h/a", words: "", others: 1 }, "“a” in web and 1 other file are clean."],
])("of %j says %s", (scanned, words) => {
  const notices = new NoticeQueue();
  const [shown, told] = [vi.spyOn(notices, "show"), vi.spyOn(notices, "tell")];
  tellScanned(notices)({ from, ...scanned });
  const [text = ""] = shown.mock.lastCall ?? told.mock.lastCall ?? [];
  expect(text.replaceAll(/[\u2068\u2069]/g, "")).toBe(words);
  expect(shown.mock.calls.length + told.mock.calls.length).toBe(1);
});

it("without a scanner has a button that starts one", () => {
  const notices = new NoticeQueue();
  const [told, send] = [vi.spyOn(notices, "tell"), vi.fn<Parameters<typeof tellNoScanner>[0]["send"]>()];
  tellNoScanner({ notices, send })({ from });
  const [text, options] = told.mock.lastCall ?? [];
  expect([text, options?.action?.text]).toEqual(["Nothing in web was scanned: no scanner runs.", "Start antivirus"]);
  options?.action?.run();
  expect(send).toHaveBeenCalledWith("service.start", { name: "antivirus" });
});
