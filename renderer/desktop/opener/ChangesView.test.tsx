// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { draw, type Drawn } from "../../ui/testing.tsx";
import { ChangesView } from "./ChangesView.tsx";

let drawn: Drawn;
afterEach(() => drawn.remove());

async function show(answer: unknown): Promise<{ text: string; rows: string[]; request: ReturnType<typeof vi.fn> }> {
  const request = vi.fn<(name: string, input: unknown) => Promise<unknown>>(() => Promise.resolve(answer));
  const shell = testShell({ bridge: { on: () => () => undefined, request } as unknown as AtollBridge });
  drawn = await draw(
    <ShellContext value={shell}>
      <ChangesView comparison={3} />
    </ShellContext>,
  );
  await act(async () => undefined);
  const rows = [...document.querySelectorAll(".changes-rows li")];
  return {
    text: document.querySelector(".changes")?.textContent ?? "",
    rows: rows.map((row) => `${row.getAttribute("data-change")} ${row.textContent}`),
    request,
  };
}

it("shows what differs as text, with what is hidden in it", async () => {
  const there = "same\n<b>old</b>\n";
  const { rows, request } = await show({
    ok: true,
    value: { name: "a.txt", there, edited: "same\nnew\u202e\n" },
  });
  expect(request).toHaveBeenCalledWith("open.compare", { comparison: 3 });
  expect(rows).toEqual(["same  same", "removed −<b>old</b>", "added +newU+202E"]);
});

it("says where nothing differs, too much does, or nothing can be shown", async () => {
  expect((await show({ ok: true, value: { name: "a", there: "a", edited: "a" } })).text).toContain("are the same");
  drawn.remove();
  const [one, other] = ["a", "b"].map((word) => Array.from({ length: 3_000 }, (_, at) => `${word}${at}\n`).join(""));
  expect((await show({ ok: true, value: { name: "a", there: one, edited: other } })).text).toContain("too much");
  drawn.remove();
  const error = { code: "open.not-comparable", message: "It is no text.", details: {} };
  expect((await show({ ok: false, error })).text).toContain("It is no text.");
});
