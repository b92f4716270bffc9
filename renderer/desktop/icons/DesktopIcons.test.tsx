// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { IconView } from "#shared/model/icon.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import { quoted } from "../../ui/quoted.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf, write } from "../../ui/testing.tsx";
import { Overlays } from "../Overlays.tsx";
import { DesktopIcons } from "./DesktopIcons.tsx";
import { scanSuspectsAgain } from "./icon-actions.ts";

const PARTY = { kind: "vm", id: "home" as VmId, name: "home", label: "lagoon", role: "app" } as const;
const icon = (id: string, name = id, fields: Partial<IconView> = {}): IconView => ({
  ...{ id, name, party: PARTY, place: "vms", isFolder: false, bytes: 10, modifiedS: 0 },
  ...fields,
});

let asked: unknown[];
let answers: Record<string, unknown>;
/** What every request is answered with; null: as `answers` has it. */
let refusal: { code: string; message: string } | null;
let sent: unknown[];
let shown: number;
let shell: ReturnType<typeof testShell>;
let drawn: Drawn;

beforeEach(async () => {
  [asked, answers, sent, shown] = [[], {}, [], 0];
  refusal = null;
  const bridge = {
    report: () => void (shown += 1),
    request: async (name: string, input: unknown) => {
      asked.push([name, input]);
      return refusal === null ? { ok: true, value: answers[name] } : { ok: false, error: refusal };
    },
  } as unknown as AtollBridge;
  shell = testShell({ bridge, send: (...request) => void sent.push(request) });
  shell.vms.take([
    { id: "home", name: "home", label: "lagoon", state: "running", role: "app" },
    { id: "web", name: "web", label: "coral", state: "running", role: "app" },
  ] as unknown as VmStatus[]);
  drawn = await draw(
    <ShellContext value={shell}>
      <DesktopIcons />
      <Overlays />
    </ShellContext>,
  );
  await tell([icon("1", "a.txt"), icon("2", "b.pdf"), icon("3", "c", { isFolder: true })]);
});
afterEach(() => drawn.remove());

const tell = (icons: IconView[], more = 0): Promise<void> =>
  act(async () => shell.icons.take({ icons, more, places: { vms: true, downloads: false, recent: false } }));
const chosen = (): string[] =>
  [...document.querySelectorAll('[aria-selected="true"]')].map((one) => one.getAttribute("aria-label") ?? "");

async function point(name: string, held: MouseEventInit = {}): Promise<void> {
  for (const type of ["pointerdown", "click"]) {
    const event = new MouseEvent(type, { bubbles: true, cancelable: true, ...held });
    await act(async () => void element(".desktop-icon", name).dispatchEvent(event));
  }
}

it("icons say whose they are, and main hears when they are shown", async () => {
  expect(textsOf(".desktop-icon-name")).toEqual(["a.txt", "b.pdf", "c"]);
  expect(element(".desktop-icon", "a.txt, home").dataset["label"]).toBe("lagoon");
  await act(() => new Promise<void>((resolve) => requestAnimationFrame(() => resolve())));
  expect(shown).toBeGreaterThan(0);
  await tell([icon("9", "x\u202egpj.exe")], 12);
  // What would turn the text is boxed by its code.
  expect(textsOf(".revealed-code")).toEqual(["U+202E"]);
  expect(textsOf(".desktop-icons-more")).toEqual(["and 12 more"]);
});

it("whoever has opened one has the keyboard in the windows again", async () => {
  await point("b.pdf");
  await press("Enter");
  expect([sent.length, shell.overlays.getState().overlay]).toEqual([1, null]);
  await point("b.pdf");
  await act(
    async () => void element(".desktop-icon", "b.pdf").dispatchEvent(new MouseEvent("dblclick", { bubbles: true })),
  );
  expect([sent.length, shell.overlays.getState().overlay]).toEqual([2, null]);
});

it("a guest that takes its files away gives the keyboard back, and so does one whose file has its menu open", async () => {
  await point("a.txt");
  await tell([]);
  expect(shell.overlays.getState().overlay).toBeNull();
  await tell([icon("1", "a.txt"), icon("2", "b.pdf")]);
  await act(async () => shell.overlays.open({ kind: "icon-menu", icon: "1", x: 0, y: 0 }));
  await tell([icon("2", "b.pdf")]);
  expect(shell.overlays.getState().overlay).toBeNull();
});

it("a press takes the keyboard and chooses, with Ctrl and Shift several; a press elsewhere gives it back", async () => {
  await point("a.txt");
  expect(shell.overlays.getState().overlay).toEqual({ kind: "icons" });
  await point("c", { ctrlKey: true });
  expect(chosen()).toEqual(["a.txt, home", "c, home"]);
  await point("a.txt");
  await point("c", { shiftKey: true });
  expect(chosen()).toHaveLength(3);
  await act(async () => void document.body.dispatchEvent(new MouseEvent("pointerdown", { bubbles: true })));
  expect(shell.overlays.getState().overlay).toBeNull();
});

it("keys walk, open, and lead to a name", async () => {
  await point("a.txt");
  await press("ArrowDown");
  await press("Enter");
  expect(sent).toEqual([["icon.open", { id: "2", inDisposable: false }]]);
  await press("c");
  expect(chosen()).toEqual(["c, home"]);
  await press("a", { ctrlKey: true });
  expect(chosen()).toHaveLength(3);
  await press("Escape");
  expect(shell.overlays.getState().overlay).toBeNull();
});

it("a name is edited in its place; Escape leaves it, the same name changes nothing", async () => {
  answers["icon.rename"] = { id: "7" };
  for (const end of ["Escape", "Enter"]) {
    await point("a.txt");
    await press("F2");
    await press(end);
  }
  expect(asked).toEqual([]);
  await press("F2");
  await write(element("input"), "new.txt");
  await press("Enter");
  expect(asked).toEqual([["icon.rename", { id: "1", name: "new.txt" }]]);
});

it("what goes to the trash can be taken back", async () => {
  answers["icon.trash"] = { outcomes: [{ id: "1", reason: null }], undo: 4 };
  await point("a.txt");
  await press("Delete");
  expect(asked).toEqual([["icon.trash", { ids: ["1"] }]]);
  await tell([]);
  expect(textsOf(".desktop-icon")).toEqual([]);
});

it("what is told of the trash quotes names so that none ends the quotation, or turns what is beside it around", async () => {
  const told: string[] = [];
  shell.notices.show = (text) => void told.push(text);
  shell.notices.tell = (text) => void told.push(text);
  await tell([icon("1", "a” is safe.\u{202e}txt")]);
  await point("a");
  answers["icon.trash"] = { outcomes: [{ id: "1", reason: null }], undo: null };
  await press("Delete");
  answers["icon.trash"] = { outcomes: [{ id: "1", reason: "gone" }], undo: null };
  await press("Delete");
  expect(told).toEqual([
    `${quoted("a” is safe.\u{202e}txt")} is in the trash.`,
    `${quoted("a” is safe.\u{202e}txt")} did not go to the trash: ${FILE_REASON_WORDS.gone}.`,
  ]);
  expect(told.join("")).not.toMatch(/a”|\u{202e}/u);
});

it("the menu opens in a disposable and sends to the other VMs", async () => {
  await point("b.pdf");
  const event = new MouseEvent("contextmenu", { bubbles: true, cancelable: true });
  await act(async () => void element(".desktop-icon", "b.pdf").dispatchEvent(event));
  await click('[role="menuitem"]', "Open in a disposable");
  expect(sent).toEqual([["icon.open", { id: "2", inDisposable: true }]]);
  await act(async () => void element(".desktop-icon", "b.pdf").dispatchEvent(event));
  expect(textsOf('[role="menuitem"]').at(-1)).toBe("web");
  expect(element(".menu-label").dataset["label"]).toBe("coral");
  await click('[role="menuitem"]', "web");
  expect(sent.at(-1)).toEqual(["icon.send", { ids: ["2"], to: "web" }]);
});

it("with new signatures what is marked is looked at again, and what is clean now is marked no more", async () => {
  await tell([icon("1", "a.txt"), icon("2", "b.pdf"), icon("3", "c", { isFolder: true })]);
  const words = "Eicar was found in it (ClamAV)";
  await act(async () =>
    shell.icons.scanned([
      { id: "1", words },
      { id: "2", words },
    ]),
  );
  const bridge = {
    request: async (name: string, input: { ids: string[] }) => {
      asked.push([name, input]);
      if (input.ids[0] === "2") return { ok: false, error: { message: "its VM does not run" } };
      return { ok: true, value: [{ id: "1", verdict: "clean", words: "" }] };
    },
  } as unknown as AtollBridge;
  await act(async () => scanSuspectsAgain({ bridge, icons: shell.icons }));
  expect(asked).toEqual([
    ["icon.scan", { ids: ["1"] }],
    ["icon.scan", { ids: ["2"] }],
  ]);
  expect([...shell.icons.getState().suspects]).toEqual([["2", words]]);
});

it("a scan of the menu says that no scanner runs, and offers to start one", async () => {
  const told: [string, string | undefined][] = [];
  let start: () => void = () => undefined;
  shell.notices.show = (text) => void told.push([text, undefined]);
  shell.notices.tell = (text, { action }) => {
    told.push([text, action?.text]);
    start = action?.run ?? start;
  };
  refusal = { code: "scan.no-scanner", message: 'No scanner runs: "atoll service start antivirus" starts one.' };
  const menu = async (): Promise<void> => {
    const event = new MouseEvent("contextmenu", { bubbles: true, cancelable: true });
    await act(async () => void element(".desktop-icon", "b.pdf").dispatchEvent(event));
    await click('[role="menuitem"]', "Scan");
  };
  await point("b.pdf");
  await menu();
  await point("a.txt", { ctrlKey: true });
  await menu();
  expect(told).toEqual([
    [`${quoted("b.pdf")} was not scanned: no scanner runs.`, "Start antivirus"],
    ["Nothing was scanned: no scanner runs.", "Start antivirus"],
  ]);
  start();
  expect(sent).toEqual([["service.start", { name: "antivirus" }]]);
  refusal = { code: "vm.not-running", message: "Its VM does not run." };
  await menu();
  expect(told.at(-1)).toEqual(["Its VM does not run.", undefined]);
});

it("a scan of the menu tells what is not clean, and what is", async () => {
  const told: [string, boolean][] = [];
  shell.notices.show = (text) => void told.push([text, false]);
  shell.notices.tell = (text, { isGood }) => void told.push([text, isGood]);
  const menu = async (name: string): Promise<void> => {
    const event = new MouseEvent("contextmenu", { bubbles: true, cancelable: true });
    await act(async () => void element(".desktop-icon", name).dispatchEvent(event));
    await click('[role="menuitem"]', "Scan");
  };
  await point("a.txt");
  answers["icon.scan"] = [{ id: "1", verdict: "clean", words: "" }];
  await menu("a.txt");
  expect(asked).toEqual([["icon.scan", { ids: ["1"] }]]);
  await point("b.pdf", { ctrlKey: true });
  answers["icon.scan"] = [
    { id: "1", verdict: "clean", words: "" },
    { id: "2", verdict: "found", words: "Eicar\u202e was found in it (ClamAV)" },
  ];
  await menu("b.pdf");
  const marked = (): unknown[] =>
    [...document.querySelectorAll(".desktop-icon:has(.desktop-icon-suspect)")].map((one) => one.getAttribute("title"));
  expect(marked()).toEqual(["10 bytes, home\nEicar was found in it (ClamAV)"]);
  await tell([icon("1", "a.txt"), icon("2", "b.pdf")]);
  expect(marked()).toHaveLength(1);
  // Another file, for all that is known.
  await tell([icon("1", "a.txt"), icon("2", "b.pdf", { bytes: 11 })]);
  expect(marked()).toEqual([]);
  await point("a.txt");
  await point("b.pdf", { ctrlKey: true });
  await menu("b.pdf");
  expect(marked()).toHaveLength(1);
  answers["icon.scan"] = ["1", "2"].map((id) => ({ id, verdict: "clean", words: "" }));
  await menu("b.pdf");
  expect(told).toEqual([
    ["\u201c\u2068a.txt\u2069\u201d is clean.", true],
    ["\u201c\u2068b.pdf\u2069\u201d: Eicar was found in it (ClamAV).", false],
    ["\u201c\u2068b.pdf\u2069\u201d: Eicar was found in it (ClamAV).", false],
    ["All are clean.", true],
  ]);
  expect(marked()).toEqual([]);
});
