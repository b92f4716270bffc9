import { expect, it } from "vitest";
import type { WindowId } from "#shared/model/window.ts";
import { PasteChords } from "./paste-chords.ts";

it("main is told of a paste before the VM's link is, by the same number, which rises whatever is pasted and where", () => {
  const said: unknown[] = [];
  const chords = new PasteChords((chord) => said.push(chord));
  const session = (vm: string) => ({ send: (command: object) => void said.push({ vm, ...command }) });
  const [home, web] = ["home.1" as WindowId, "web.2" as WindowId];
  chords.begin("keys", home, session("home"));
  chords.begin("middle", web, session("web"));
  expect(said).toEqual([
    { window: home, kind: "keys", chord: 1 },
    { vm: "home", type: "pasteChord", chord: 1, selection: "clipboard" },
    { window: web, kind: "middle", chord: 2 },
    { vm: "web", type: "pasteChord", chord: 2, selection: "primary" },
  ]);
});
