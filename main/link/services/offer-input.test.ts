import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Selection } from "#shared/protocol/gen/atoll_pb.ts";
import { CLIPBOARD } from "../contracts/clipboard.ts";
import type { PageCommand } from "../page-ports.ts";
import { ServiceHost } from "../testing/service-host.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** What main hears of an offer that comes 3 s after this command of the page. */
function heardAfter(...commands: PageCommand[]): unknown {
  const host = new ServiceHost();
  for (const command of commands) host.command(command);
  vi.advanceTimersByTime(3_000);
  host.say("clipOffered", { selection: Selection.CLIPBOARD, generation: 1, types: ["text/plain"] });
  return host.eventsOf(CLIPBOARD)[0];
}

const offered = (sinceInputMs: number | null): object => ({ type: "offered", types: ["text/plain"], sinceInputMs });

test.each([
  { type: "key", code: 46, state: "pressed", timeMs: 0 },
  { type: "key", code: 46, state: "released", timeMs: 0 },
  { type: "pointerButton", button: 0x110, pressed: true, timeMs: 0 },
  { type: "pointerButton", button: 0x110, pressed: false, timeMs: 0 },
] as const)("an offer says how old the last key or button was: %o", (command) => {
  expect(heardAfter(command)).toMatchObject(offered(3_000));
});

test.each([
  { type: "key", code: 46, state: "repeated", timeMs: 0 },
  { type: "pointerLeft" },
  { type: "keyboardFocus", surface: null },
] as const)("other input is no act of the person: %o", (command) => {
  expect(heardAfter(command)).toMatchObject(offered(null));
});

test("an offer that is told late has its age of when it came", () => {
  const host = new ServiceHost();
  host.command({ type: "key", code: 46, state: "pressed", timeMs: 0 });
  for (const generation of [1, 2])
    host.say("clipOffered", { selection: Selection.CLIPBOARD, generation, types: ["text/plain"] });
  vi.advanceTimersByTime(1_000);
  expect(host.eventsOf(CLIPBOARD).slice(0, 2)).toMatchObject([offered(0), offered(0)]);
});
