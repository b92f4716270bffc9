import { expect, it, vi } from "vitest";
import type { CrossingParty } from "#shared/model/crossing.ts";
import type { VmId } from "#shared/model/vm.ts";
import { NoticeQueue } from "../../ui/notices.ts";
import { tellNotPasted } from "./tell-not-pasted.ts";

const party = (name: string): CrossingParty => ({ kind: "vm", id: name as VmId, name, label: "coral", role: "app" });

it.each([
  ["size", "More files were copied in home than can be pasted at once (1 024).", "Copy the folder"],
  ["content", "The list of files that were copied in home could not be read.", "Send the files from home instead"],
  ["source", "The list of files that were copied in home did not come.", "Copy them again"],
] as const)("%s: what happened, to what, and what to do", (why, happened, next) => {
  const notices = new NoticeQueue();
  const shown = vi.spyOn(notices, "show");
  tellNotPasted(notices)({ from: party("home"), to: party("web"), why });
  expect(shown.mock.calls).toEqual([[expect.stringContaining(`${happened} Nothing was pasted in web. ${next}`)]]);
});

it("of this computer, and to it", () => {
  const notices = new NoticeQueue();
  const shown = vi.spyOn(notices, "show");
  const tell = tellNotPasted(notices);
  tell({ from: { kind: "host" }, to: party("web"), why: "content" });
  tell({ from: party("web"), to: { kind: "host" }, why: "size" });
  expect(shown.mock.calls).toEqual([
    [
      "The list of files that were copied on this computer could not be read. Nothing was pasted in web. Drop the files onto web in the top bar instead.",
    ],
    [expect.stringContaining("Nothing was pasted on this computer. Copy the folder")],
  ]);
});
