// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { TransferFile, TransferView } from "#shared/model/transfer.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf } from "../../ui/testing.tsx";
import { transferView, vmParty } from "./testing.ts";
import { TransferChip } from "./TransferChip.tsx";
import { TransfersTabCount } from "./TransfersTabCount.tsx";
import { TransfersView } from "./TransfersView.tsx";

let drawn: Drawn;
let shell: ReturnType<typeof testShell>;
let asked: { name: string; input: unknown }[];
let files: TransferFile[];
/** Of pages of files, but not of their number; null: they are answered. */
let refusal: string | null;

const bridge = {
  request: async (name: string, input: { offset: number; count: number; only: string }) => {
    asked.push({ name, input });
    if (refusal !== null && input.count > 1) return { ok: false, error: { message: refusal } };
    const list = files.filter(({ reason }) => input.only === "all" || reason !== null);
    return { ok: true, value: { total: list.length, files: list.slice(input.offset, input.offset + input.count) } };
  },
  on: () => () => undefined,
} as unknown as AtollBridge;

const file = (index: number, change: Partial<TransferFile> = {}): TransferFile => ({
  index,
  path: `photos/${index}.jpg`,
  isFolder: false,
  bytes: 4_100_000,
  state: "whole",
  reason: null,
  scan: "",
  isClean: false,
  canOpen: false,
  ...change,
});
const take = (...transfers: TransferView[]): Promise<void> => act(async () => shell.transfers.take(transfers));
const heads = (): string[] =>
  [...document.querySelectorAll(".transfer-head")].map((one) => one.getAttribute("aria-label") ?? "");
const sent = (): string[] =>
  asked.filter(({ name }) => name !== "transfer.files").map(({ name, input }) => `${name} ${JSON.stringify(input)}`);
const head = (): HTMLElement => element(".transfer-head");

beforeEach(async () => {
  asked = [];
  files = [];
  refusal = null;
  const send: typeof shell.send = (...[name, input]) => void asked.push({ name, input });
  shell = testShell({ bridge, send });
  drawn = await draw(
    <ShellContext value={shell}>
      <TransferChip />
      <TransfersTabCount />
      <TransfersView />
    </ShellContext>,
  );
});

afterEach(() => drawn.remove());

it("shows grey bars until it is known what is on its way, then that nothing is", async () => {
  expect(document.querySelector(".bars")).not.toBeNull();
  await take();
  expect(document.querySelector(".bars")).toBeNull();
  expect(textsOf(".transfers-none strong")).toEqual(["No file is on its way"]);
});

it("says why files are not listed", async () => {
  files = [file(1)];
  refusal = "The list is gone.";
  await take(transferView());
  await click(".transfer-head");
  expect([textsOf(".files-none"), document.querySelector(".bars")]).toEqual([[refusal], null]);
});

it("a transfer says from whom to whom, what, how far and how fast", async () => {
  await take(transferView({ chosen: 3, name: "no”tes\u202etxt" }));
  expect(textsOf(".transfer .tag-name")).toEqual(["web", "home"]);
  expect(textsOf(".transfer-what")).toEqual(["“no'tesU+202Etxt”and 2 more"]);
  expect(textsOf(".revealed-code")).toEqual(["U+202E"]);
  expect(textsOf(".transfer-state")).toEqual(["moving"]);
  expect(textsOf(".transfer-facts")).toEqual(["79 of 131 MB · 6.4 MB/s · 8 s left2 of 8 files done"]);
  expect(element('[role="progressbar"]').getAttribute("aria-valuenow")).toBe("60");
});

it("one that has ended says why, and has no bar", async () => {
  const host = { kind: "host" } as const;
  await take(transferView({ state: "failed", to: host, failed: 1, doneBytes: 5, detail: "The disk is full there." }));
  expect(textsOf(".transfer .tag-name")).toEqual(["web", "this computer"]);
  expect(textsOf(".transfer-facts")).toEqual(["5 bytesThe disk is full there.2 of 8 files done, 1 did not arrive"]);
  expect(document.querySelector('[role="progressbar"]')).toBeNull();
});

it.each<[string, Partial<TransferView>, string, string]>([
  ["Pause", {}, "Pause", "transfer.pause"],
  ["Cancel", {}, "Cancel", "transfer.cancel"],
  ["Resume, with how far it is", { state: "interrupted" }, "Resume (60 %)", "transfer.resume"],
  ["Retry failed", { state: "done", canRetry: true }, "Retry failed", "transfer.retry"],
])("%s", async (_button, change, words, request) => {
  await take(transferView(change));
  await click(".transfer-verbs button", words);
  expect(sent()).toEqual([`${request} {"id":1}`]);
});

it("arrows walk the rows, Enter opens one, Space pauses and resumes, Delete cancels; what is over is left as it is", async () => {
  await take(
    transferView({ id: 3 }),
    transferView({ id: 2, state: "paused" }),
    transferView({ id: 1, state: "done", name: "last.txt" }),
  );
  await act(async () => head().focus());
  await press(" ");
  await press("ArrowDown");
  await press(" ");
  await press("Delete");
  await press("End");
  await press(" ");
  await press("Delete");
  expect(sent()).toEqual(['transfer.pause {"id":3}', 'transfer.resume {"id":2}', 'transfer.cancel {"id":2}']);
  const focused = (): string | null | undefined => document.activeElement?.getAttribute("aria-label");
  expect(focused()).toContain("last.txt");
  await press("Enter");
  expect(document.activeElement?.getAttribute("aria-expanded")).toBe("true");
  await press("Home");
  await press("ArrowUp");
  expect(focused()).toBe(heads()[0]);
  expect([...document.querySelectorAll<HTMLElement>(".transfer-head")].map(({ tabIndex }) => tabIndex)).toEqual([
    0, -1, -1,
  ]);
});

it("keys in its buttons and files are theirs", async () => {
  await take(transferView());
  await act(async () => element(".transfer-icon", "Cancel").focus());
  await press("Delete");
  await press("Enter");
  expect([sent(), head().getAttribute("aria-expanded")]).toEqual([[], "false"]);
});

it("a file that is there can be opened in a disposable", async () => {
  files = [file(0), file(1, { canOpen: true })];
  await take(transferView({ state: "done" }));
  await click(".transfer-head");
  await click('.file-open[aria-label="Open in disposable"]');
  expect(sent()).toEqual(['open.open {"item":{"kind":"arrived","transfer":1,"index":1},"in":{"kind":"disposable"}}']);
});

it("an opened one shows its files, each with its state and why", async () => {
  files = [
    file(0, { path: "photos", isFolder: true }),
    file(1),
    file(2, { path: "photos/link\u0007", state: "skipped", reason: "symlink" }),
    file(3, { state: "same" }),
  ];
  await take(transferView({ failed: 1 }));
  await click(".transfer-head");
  const rows = [...document.querySelectorAll(".file")].map((row) =>
    [...row.children].slice(1).map((c) => c.textContent),
  );
  expect(rows).toEqual([
    ["“photos”", "folder", "done", ""],
    ["“photos/1.jpg”", "4.1 MB", "done", ""],
    ["“photos/linkU+0007”", "4.1 MB", "skipped", "a symbolic link is not sent"],
    ["“photos/3.jpg”", "4.1 MB", "skipped", "the same file was there already"],
  ]);
  await click(".files [role=radio]", "Not arrived");
  expect(textsOf(".file-name")).toEqual(["“photos/linkU+0007”"]);
  await click(".transfer-head");
  expect(document.querySelector(".files")).toBeNull();
});

it("of 20,000 files it asks for and draws those that are seen", async () => {
  files = Array.from({ length: 20_000 }, (_, at) => file(at));
  await take(transferView());
  await click(".transfer-head");
  expect(document.querySelectorAll(".file").length).toBe(50);
  const room = element(".files-room");
  await act(async () => {
    room.scrollTop = 10_000 * 32;
    room.dispatchEvent(new Event("scroll"));
  });
  expect(document.querySelectorAll(".file").length).toBe(100);
  expect(element(".file").getAttribute("aria-posinset")).toBe("9951");
  expect(Math.max(...asked.map(({ input }) => (input as { count: number }).count))).toBe(50);
});

it("is narrowed to those under way, or to those of which something has not arrived", async () => {
  const end = { state: "done", from: vmParty("work", "blue") } as const;
  await take(transferView({ id: 3 }), transferView({ id: 2, ...end }), transferView({ id: 1, ...end, failed: 2 }));
  await click("[role=radio]", "Under way");
  expect(heads().map((name) => name.includes("from web"))).toEqual([true]);
  await click("[role=radio]", "Failed");
  expect(heads().length).toBe(1);
  await take(transferView({ id: 3 }));
  expect(textsOf(".transfers-none strong")).toEqual(["No transfer matches"]);
});

it("those that have ended are cleared, where there are any", async () => {
  await take(transferView());
  expect(element(".transfers-head .button").hasAttribute("disabled")).toBe(true);
  await take(transferView(), transferView({ id: 2, state: "cancelled" }));
  await click(".transfers-head .button", "Clear finished");
  expect(sent()).toEqual(["transfer.clear {}"]);
});

it("the bar has a chip while something is under way, which opens the view; its tab counts what waits for the person", async () => {
  expect(document.querySelector(".transfer-chip")).toBeNull();
  await take(transferView({ bytes: 100, doneBytes: 64 }), transferView({ id: 2, state: "interrupted", doneBytes: 0 }));
  expect(element(".transfer-chip").getAttribute("aria-label")).toBe("2 transfers, 0 %");
  expect(textsOf(".sheet-count")).toEqual(["1"]);
  await take(transferView({ state: "paused", bytes: 100, doneBytes: 64 }));
  expect(element(".transfer-chip").getAttribute("aria-label")).toBe("1 transfer, halted at 64 %");
  await click(".transfer-chip");
  expect(shell.overlays.getState().overlay).toEqual({ kind: "sheet", tab: "transfers" });
  await take(transferView({ state: "done" }));
  expect(document.querySelector(".transfer-chip, .sheet-count")).toBeNull();
});
