import { expect, it } from "vitest";
import { type KioskState, type KioskView, VIEWERS } from "#shared/model/kiosk.ts";
import { kioskWords, searchKiosks, startable } from "./kiosk-words.ts";

const player = (state: KioskState, detail = ""): KioskView => ({
  ...{ name: "player", title: "Media player", kind: "video", template: "debian-kiosk", network: "none" },
  ...{ note: "No sound yet", state, detail, memoryMiB: 768 },
});
const build = { name: "debian-kiosk", step: "install", fraction: 0.349, detail: "" } as const;

it.each([
  [player("ready"), false, undefined, "ready. No sound yet"],
  [player("ready"), true, undefined, "is opening. No sound yet"],
  [player("starting"), false, undefined, "is getting ready. No sound yet"],
  [player("cold", "No room."), false, undefined, "starts when you ask for it. No sound yet. No room."],
  [player("not-built"), false, undefined, "its first start builds its image. No sound yet"],
  [player("not-built"), true, build, "its image is being built, 34 %. No sound yet"],
  [player("not-built"), true, { ...build, fraction: null }, "its image is being built. No sound yet"],
  [{ ...player("cold"), name: VIEWERS, note: "" }, false, undefined, "starts when you open a file"],
  // Built again while its former build is used.
  [player("ready"), false, build, "ready. No sound yet"],
])("says how far a kiosk is: $state", (kiosk, isOpening, building, words) => {
  expect(kioskWords(kiosk, isOpening, building)).toBe(words);
});

it("a kiosk is found by title, name and kind, by all words", () => {
  const all = [player("ready")];
  expect(searchKiosks(all, "")).toEqual(all);
  expect(searchKiosks(all, " MEDIA video ")).toEqual(all);
  expect(searchKiosks(all, "media browser")).toEqual([]);
});

it("what waits for files is started by nobody", () => {
  const all = [player("ready"), { ...player("ready"), name: VIEWERS }];
  expect(startable(all)).toEqual([player("ready")]);
});
