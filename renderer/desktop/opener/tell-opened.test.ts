import { expect, it } from "vitest";
import type { EventPayload } from "#shared/ipc/index.ts";
import type { OpenOutcome } from "#shared/model/open.ts";
import { vmParty } from "../transfers/testing.ts";
import { openedWords } from "./tell-opened.ts";

type Told = EventPayload<"open.notice">;

const TOLD: Told = {
  item: { kind: "file", name: "no”tes\u202e.odt", type: null },
  outcome: "opened",
  from: vmParty("web", "coral"),
  to: vmParty("work", "blue"),
  detail: "",
  comparison: null,
  programs: [],
};
const words = (change: Partial<Told>): string | null =>
  openedWords({ ...TOLD, ...change })?.replaceAll(/[\u2068\u2069]/g, "") ?? null;

it.each<[OpenOutcome, string | null]>([
  ["opened", null],
  ["denied", "“no'tes.odt” of web was not opened in work: it is denied. Why."],
  ["failed", "“no'tes.odt” of web could not be opened in work. Why."],
  ["no-handler", "No program in work opens “no'tes.odt”. Why."],
  ["returned", "“no'tes.odt” is back in web, as it was edited in work. Why."],
  ["kept-both", "“no'tes.odt” is back in web beside the file that was changed there meanwhile. Why."],
  ["not-returned", "“no'tes.odt” was not taken back: the file in web is as it was. Why."],
])("%s: %s", (outcome, said) => expect(words({ outcome, detail: "Why." })).toBe(said));

it("where no program opens it, says which VM has one; a long link is cut", () => {
  const program = { vm: "home", template: null, program: "Evince", party: vmParty("home", "lagoon") };
  const item = { kind: "url", url: `https://example.org/${"x".repeat(200)}` } as const;
  expect(words({ outcome: "no-handler", to: null, item, programs: [program] })).toBe(
    `No program opens “https://example.org/${"x".repeat(60)}…”. “Evince” in home does.`,
  );
});

it("or which template does, where no VM is known to have one", () => {
  const program = { vm: null, template: "office", program: "Draw", party: null };
  expect(words({ outcome: "no-handler", programs: [program] })).toContain(" “Draw” in template office does.");
});
