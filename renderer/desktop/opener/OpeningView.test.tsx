// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf } from "../../ui/testing.tsx";
import { vmParty } from "../transfers/testing.ts";
import type { OpenCell, OpenTable } from "./open-words.ts";
import { OpeningView } from "./OpeningView.tsx";

const cell = (change: Partial<OpenCell> = {}): OpenCell => ({
  in: "disposable",
  edit: false,
  rule: { line: 30, text: "type: @any, from: @any, in: disposable" },
  explanation: "Line 30 of open.yaml says so.",
  isOwn: false,
  policy: "allow",
  ...change,
});
const TABLE: OpenTable = {
  file: "/home/me/open.yaml",
  problem: null,
  columns: [
    { word: "web", party: vmParty("web", "coral") },
    { word: "@host", party: { kind: "host" } },
  ],
  rows: [
    {
      group: "document",
      cells: [
        cell({ in: "work", edit: true, isOwn: true, rule: { line: 4, text: "own" }, policy: "ask" }),
        cell({ in: "ask", policy: null }),
      ],
    },
    { group: "web", cells: [cell({ in: "here", policy: null }), cell({ in: "web", policy: "deny" })] },
  ],
  vms: ["web", "work"],
};

let drawn: Drawn;
let table: OpenTable;
let asked: [name: string, input: unknown][];
let tell: Map<string, () => void>;
const bridge = {
  request: async (name: string, input: unknown) => {
    asked.push([name, input]);
    const answers: Record<string, unknown> = {
      "open.table": table,
      "open.setRule": { change: 3, rule: { line: 5, text: "new" } },
      "open.takeBack": { change: 4, rule: null },
      "open.undo": null,
    };
    return { ok: true, value: answers[name] };
  },
  on: (name: string, listener: () => void) => {
    tell.set(name, listener);
    return () => tell.delete(name);
  },
} as unknown as AtollBridge;

const sent = (): [string, unknown][] => asked.filter(([name]) => name !== "open.table");
const cells = (): (string | null)[] =>
  [...document.querySelectorAll(".matrix-cell")].map((one) => one.getAttribute("aria-label"));

async function show(change: Partial<OpenTable> = {}): Promise<void> {
  table = { ...TABLE, ...change };
  const shell = testShell({ bridge });
  shell.vms.take([{ id: "work" as VmId, name: "work", label: "blue" } as VmStatus]);
  drawn = await draw(
    <ShellContext value={shell}>
      <OpeningView />
    </ShellContext>,
  );
}

beforeEach(() => {
  asked = [];
  tell = new Map();
});

afterEach(() => drawn.remove());

it("a cell says where its files open, whether to edit, what the policy makes of it, and whether it has a rule of its own", async () => {
  await show();
  expect(cells()).toEqual([
    "documents from web: work, to edit, the policy asks, a rule of its own",
    "documents from this computer: ask",
    "web links from web: here",
    "web links from this computer: web, the policy denies it",
  ]);
  expect(element(".matrix-cell .open-place").dataset["label"]).toBe("blue");
});

it("arrows walk the cells; a press opens one and says why, and closes it", async () => {
  await show();
  await act(async () => element(".matrix-cell").focus());
  await press("ArrowRight");
  await press("ArrowDown");
  await press("ArrowDown");
  expect(document.activeElement?.getAttribute("aria-label")).toBe(cells()[3]);
  await click(".matrix-cell", "documents from web");
  expect(textsOf(".inspector-why p")).toEqual([
    "Line 30 of open.yaml says so.",
    "But the policy asks: what may cross is under Policy, Open files.",
  ]);
  expect(textsOf(".inspector-rule")).toEqual(["4own"]);
  await click(".matrix-cell", "documents from web");
  expect(document.querySelector(".inspector")).toBeNull();
});

it("a rule for the cell is written, the table asked for again, and the change undone", async () => {
  await show();
  await click(".matrix-cell", "documents from web");
  expect(element(".inspector .button", "Write rule").hasAttribute("disabled")).toBe(true);
  await click(".open-words button", "web");
  await click(".inspector .button", "Write rule");
  expect(sent()).toEqual([["open.setRule", { group: "document", from: "web", in: "web", edit: true }]]);
  const before = asked.length;
  await act(async () => tell.get("open.rulesChanged")?.());
  expect(asked.slice(before)).toEqual([["open.table", {}]]);
  expect(textsOf(".last-change span")).toEqual(["You set documents from web to web, line 5."]);
  expect(document.activeElement).toBe(element(".matrix-cell", "documents from web"));
  await press("z", { ctrlKey: true });
  expect(sent().at(-1)).toEqual(["open.undo", { change: 3 }]);
  expect(document.querySelector(".last-change")).toBeNull();
});

it("its own rule is taken back", async () => {
  await show();
  await click(".matrix-cell", "documents from web");
  await click(".inspector .link", "Take line 4 back");
  expect(sent()).toEqual([["open.takeBack", { line: 4, text: "own" }]]);
  expect(textsOf(".last-change span")).toEqual(["You took line 4 back."]);
});

it("nothing opens on this computer, and no link is edited", async () => {
  await show();
  await click(".matrix-cell", "documents from this computer");
  expect(textsOf(".open-words button")).toEqual(["disposable", "ask", "web", "work"]);
  expect(document.querySelector(".inspector input")).toBeNull();
  await click(".open-words button", "disposable");
  expect(document.querySelector(".inspector input")).not.toBeNull();
  await click(".matrix-cell", "web links from web");
  await click(".open-words button", "work");
  expect(document.querySelector(".inspector input")).toBeNull();
  await act(async () => element(".open-words button", "work").focus());
  await press("Enter", { ctrlKey: true });
  expect(sent()).toEqual([["open.setRule", { group: "web", from: "web", in: "work", edit: false }]]);
});

it("says which line of the file is not in force", async () => {
  await show({ problem: { file: "/home/me/open.yaml", line: 7, column: 3, reason: "there is no such field" } });
  expect(textsOf(".strip strong")).toEqual(["open.yaml, line 7: it is not in force, the rules before it are"]);
  expect(textsOf(".strip span, .strip code")).toEqual(["there is no such field", "/home/me/open.yaml:7:3"]);
});
