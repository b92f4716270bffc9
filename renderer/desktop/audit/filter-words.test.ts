import { expect, it } from "vitest";
import type { AuditFilter } from "#shared/ipc/audit.ts";
import { readFilter, withWord } from "./filter-words.ts";

const NOON = new Date(2026, 10, 28, 12, 0, 0).getTime();
/** What is not null. */
const meant = (filter: AuditFilter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null));

it.each([
  ["", {}, []],
  ["  soundings   CSV ", { text: "soundings CSV" }, []],
  ["from:Home to:web", { from: "home", to: "web" }, []],
  ["action:paste", { action: "clipboard.paste" }, []],
  ["action:clipboard.paste action:exec", { action: "exec" }, []],
  ["action:scan", { action: "file.scan" }, []],
  ["action:fly", {}, ["action:fly"]],
  ["decision:denied", { decision: "deny" }, []],
  ["decision:allow", { decision: "allow" }, []],
  ["decision:lapsed", { by: "lapsed" }, []],
  ["decision:maybe", {}, ["decision:maybe"]],
  ["since:10m", { sinceS: 600 }, []],
  ["since:2w", { sinceS: 1_209_600 }, []],
  ["since:today", { sinceS: 43_200 }, []],
  ["since:yesterday", { sinceS: 129_600 }, []],
  ["since:when", {}, ["since:when"]],
  // Being typed.
  ["from: decision: x", { text: "x" }, []],
  ["note:this", { text: "note:this" }, []],
])("%j", (words, filter, unknown) => {
  const read = readFilter(words, NOON);
  expect([meant(read.filter), read.unknown]).toEqual([filter, unknown]);
});

it("a decision, or an action, takes the place of another", () => {
  expect(withWord("from:home Decision:deny x", "decision", "lapsed")).toBe("from:home x decision:lapsed");
  expect(withWord("decision:deny", "decision", null)).toBe("");
  expect(withWord("action:exec decision:deny", "action", "file.send")).toBe("decision:deny action:file.send");
});
