import { beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { NoticeQueue } from "../ui/notices.ts";
import { createPolicyChanges } from "./policy-changes.ts";

const PROPOSED = { vm: "web", to: "a.example", about: "a.example", decision: "allow", minutes: null } as const;
let asked: [name: string, input: unknown][];
let lastChange: number;
/** Presses the button of the notice that was told last. */
let press: () => void;

function changes() {
  const bridge = {
    request: async (name: string, input: unknown) => {
      asked.push([name, input]);
      if (name === "policy.undo") return { ok: true, value: null };
      lastChange += 1;
      return { ok: true, value: { change: lastChange, rule: null } };
    },
  } as unknown as AtollBridge;
  const tell: NoticeQueue["tell"] = (_words, { action }) => (press = action?.run ?? expect.fail("no button"));
  return createPolicyChanges(bridge, { tell, show: vi.fn<() => void>() } as unknown as NoticeQueue);
}
const undone = (): unknown[] => asked.flatMap(([name, input]) => (name === "policy.undo" ? [input] : []));

beforeEach(() => {
  [asked, lastChange] = [[], 0];
});

it("a notice's button undoes the change that it tells of, whatever was changed since", async () => {
  const made = changes();
  await made.connect(PROPOSED);
  made.note({ change: 7, rule: null });
  press();
  expect(undone()).toEqual([{ change: 1 }]);
  expect(made.getState().done.map(({ change }) => change)).toEqual([7]);
  await made.undo();
  expect(undone()).toEqual([{ change: 1 }, { change: 7 }]);
});

it("a double click on the button that makes a change makes one", async () => {
  const made = changes();
  const CELL = { action: "clipboard.paste", from: "home", to: "web", decision: "deny", minutes: null } as const;
  await Promise.all([made.set(CELL), made.set(CELL), made.set({ ...CELL, to: "mail" })]);
  expect(asked.map(([, input]) => input)).toEqual([CELL, { ...CELL, to: "mail" }]);
  expect(made.getState().done).toHaveLength(2);
});

it("what was undone otherwise is not undone again by it", async () => {
  const made = changes();
  await made.connect(PROPOSED);
  await made.undo();
  press();
  await made.undo();
  expect(undone()).toEqual([{ change: 1 }]);
});
