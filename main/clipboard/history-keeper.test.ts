import { expect, test } from "vitest";
import { HistoryKeeper } from "./history-keeper.ts";
import { ClipDesk, settled, TEXT } from "./testing/clip-desk.ts";

function kept() {
  const desk = new ClipDesk();
  const keeper = new HistoryKeeper(desk.broker, desk.ports.read, desk.ports.nowMs);
  const texts = (): string[] => keeper.history.find("", null).map(({ text }) => text);
  return { desk, home: desk.vm("home"), keeper, texts };
}

test("a text that the person has copied is kept, with the VM and label that it came from", async () => {
  const { desk, home, keeper, texts } = kept();
  let changes = 0;
  keeper.on("changed", () => (changes += 1));
  desk.copy(home, 1, { types: ["text/html", "text/plain"] });
  expect(desk.readings.map(({ type, target }) => [type, target])).toEqual([[TEXT, { kind: "collect" }]]);
  await desk.readings[0]?.end({ content: Buffer.from("grüße") });
  expect(texts()).toEqual(["grüße"]);
  expect(keeper.history.find("", null)[0]).toMatchObject({ from: { id: "home" }, label: "lagoon" });
  expect(changes).toBe(1);
});

test.each([
  ["a secret", { types: ["text/plain", "x-kde-passwordManagerHint"] }],
  ["a picture", { types: ["image/png"] }],
  ["what a program has copied by itself", { sinceInputMs: null }],
])("%s is not even read", (_, copy) => {
  const { desk, home } = kept();
  desk.copy(home, 1, copy);
  expect(desk.readings).toEqual([]);
});

test("more than 64 KiB is not kept, and not read to its end", async () => {
  const { desk, home, texts } = kept();
  desk.copy(home, 1);
  desk.readings[0]?.show({ text: "a", bytes: 65_536, isComplete: false, picture: null });
  expect(desk.readings[0]?.isCancelled).toBe(false);
  desk.readings[0]?.show({ text: "a", bytes: 65_537, isComplete: false, picture: null });
  await settled();
  expect(desk.readings[0]?.isCancelled).toBe(true);
  expect(texts()).toEqual([]);
});

test("of copies that follow each other the last is kept", async () => {
  const { desk, home, texts } = kept();
  desk.copy(home, 1);
  desk.copy(home, 2);
  expect(desk.readings[0]?.isCancelled).toBe(true);
  await desk.readings[1]?.end({ content: Buffer.from("two") });
  expect(texts()).toEqual(["two"]);
});
