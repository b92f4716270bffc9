import { describe, expect, test } from "vitest";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import { ClipHistory } from "./history.ts";

const HOUR_MS = 3_600_000;

function party(name: string, label: LabelName): VmParty {
  return { kind: "vm", id: `${name}-id` as VmId, name, label, role: "app", template: null };
}

function history() {
  const clock = { ms: 0 };
  const made = new ClipHistory(() => clock.ms);
  const add = (text: string, label: LabelName = "lagoon", vm = "home"): void =>
    made.add({ from: party(vm, label), label, text });
  const texts = (search = "", label: LabelName | null = null): string[] =>
    made.find(search, label).map(({ text }) => text);
  const idOf = (text: string): number => made.find("", null).find((entry) => entry.text === text)?.id ?? 0;
  return { made, clock, add, texts, idOf };
}

describe("the clipboard's history", () => {
  test("has the newest first", () => {
    const { add, texts } = history();
    add("one");
    add("two");
    expect(texts()).toEqual(["two", "one"]);
  });

  test("has a text of a VM once, with its pin, and that of another VM beside it", () => {
    const { add, made, texts, idOf } = history();
    add("one");
    made.pin(idOf("one"), true);
    add("two");
    add("one");
    add("one", "coral", "web");
    expect(texts()).toEqual(["one", "one", "two"]);
    expect(made.find("", "lagoon")[0]).toMatchObject({ text: "one", isPinned: true });
  });

  test("leaves out what is white space", () => {
    const { add, texts } = history();
    add(" \n");
    expect(texts()).toEqual([]);
  });

  test("finds what has all words, whatever their case and order", () => {
    const { add, texts } = history();
    add("The wallet's address");
    add("wallet");
    expect(texts("ADDRESS wall")).toEqual(["The wallet's address"]);
  });

  test("is asked for one label", () => {
    const { add, texts } = history();
    add("mine");
    add("theirs", "coral", "web");
    expect(texts("", "coral")).toEqual(["theirs"]);
  });

  test("forgets after an hour what is not pinned", () => {
    const { add, made, clock, texts, idOf } = history();
    add("kept");
    add("gone");
    made.pin(idOf("kept"), true);
    clock.ms = HOUR_MS - 1;
    expect(texts()).toEqual(["kept", "gone"]);
    const gone = idOf("gone");
    clock.ms = HOUR_MS;
    expect(texts()).toEqual(["kept"]);
    expect(made.get(gone)).toBeNull();
    made.pin(idOf("kept"), false);
    expect(texts()).toEqual([]);
  });

  test("has fifty of a label; the oldest go, pinned ones last, other labels' not at all", () => {
    const { add, made, texts, idOf } = history();
    add("theirs", "coral", "web");
    add("pinned");
    made.pin(idOf("pinned"), true);
    for (let count = 1; count <= 50; count += 1) add(`text ${count}`);
    expect(texts("", "lagoon")).toHaveLength(50);
    expect(texts("", "lagoon")).toContain("pinned");
    expect(texts("", "lagoon")).not.toContain("text 1");
    expect(texts("", "coral")).toEqual(["theirs"]);
  });

  test("is cleared but for what is pinned, of one label or of all", () => {
    const { add, made, texts, idOf } = history();
    add("one");
    add("pinned");
    made.pin(idOf("pinned"), true);
    add("theirs", "coral", "web");
    made.clear("lagoon");
    expect(texts()).toEqual(["pinned", "theirs"]);
    made.clear(null);
    expect(texts()).toEqual(["pinned"]);
    made.forget(idOf("pinned"));
    expect(texts()).toEqual([]);
  });
});
