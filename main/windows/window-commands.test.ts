import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { WindowId } from "#shared/model/window.ts";
import { CheckedPage } from "../ipc/testing/checked.ts";
import { WindowCommands } from "./window-commands.ts";

const ID = "01234567.1" as WindowId;
const move = { type: "move", window: ID, x: 1.5, y: 2, width: 300, height: null } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("answers find the command that they belong to", async () => {
  const page = new CheckedPage();
  const commands = new WindowCommands(page);
  const moved = commands.run(move);
  const focused = commands.run({ type: "focus", window: ID });
  expect(page.events).toEqual([
    { name: "wm.command", payload: { id: 1, command: move } },
    { name: "wm.command", payload: { id: 2, command: { type: "focus", window: ID } } },
  ]);
  const gone = { code: "window.not-found", message: "It is gone.", details: { window: ID } } as const;
  commands.answered(2, { ok: false, error: gone });
  commands.answered(1, { ok: true, value: { width: 300, height: 200 } });
  commands.answered(3, { ok: true, value: null });
  expect(await moved).toEqual({ width: 300, height: 200 });
  await expect(focused).rejects.toMatchObject(gone);
});

it("a page that does not answer keeps nobody waiting for ever, and may answer too late", async () => {
  const commands = new WindowCommands(new CheckedPage());
  const answer = commands.run(move).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await answer).toMatchObject({ code: "window.timeout", details: { command: "move" } });
  expect(() => commands.answered(1, { ok: true, value: null })).not.toThrow();
});

it("a page that is not there is not waited for", async () => {
  const page = new CheckedPage();
  page.gone();
  await expect(new WindowCommands(page).run(move)).rejects.toMatchObject({ code: "desktop.not-ready" });
});
