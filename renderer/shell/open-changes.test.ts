import { expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import { NoticeQueue } from "../ui/notices.ts";
import { createOpenChanges } from "./open-changes.ts";

it("changes are undone from the last one on, each once; one that failed is none", async () => {
  const asked: string[] = [];
  let isRefused = false;
  const request = async (name: string, input: unknown): Promise<unknown> => {
    asked.push(`${name} ${JSON.stringify(input)}`);
    if (isRefused) return { ok: false, error: { code: "open.changed", message: "no", details: {} } };
    return { ok: true, value: name === "open.undo" ? null : { change: 8, rule: null } };
  };
  const changes = createOpenChanges({ request } as unknown as AtollBridge, new NoticeQueue());
  changes.note({ change: 7, rule: { line: 12, text: "own" } });
  await changes.takeBack({ line: 4, text: "own" });
  isRefused = true;
  await changes.set({ group: "web", from: "web", in: "here" });
  isRefused = false;
  expect(changes.getState().done.map(({ words }) => words)).toEqual([
    "“Always” wrote line 12 of open.yaml.",
    "You took line 4 back.",
  ]);
  asked.length = 0;
  await Promise.all([changes.undo(), changes.undo(), changes.undo()]);
  expect(asked).toEqual(['open.undo {"change":8}', 'open.undo {"change":7}']);
});
