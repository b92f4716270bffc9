// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { ShellContext } from "../shell/shell.ts";
import { testShell } from "../shell/testing.ts";
import { draw, type Drawn, element, textsOf } from "../ui/testing.tsx";
import { ICON_DRAG_TYPE } from "../input/icon-drag.ts";
import { openChosenFile, refuseOtherDrops, sendChosenFiles } from "./host-files.ts";
import { VmChip } from "./VmChip.tsx";

const WEB = {
  ...{
    id: "web" as VmId,
    name: "web",
    label: "coral",
    state: "running",
    stateReason: null,
    networkDetail: "",
    stateDetail: "",
  },
  ...{ windows: 0, template: "debian", network: "none", accelerator: null },
} as VmStatus;

let sent: unknown[];
let chosen: string | null;
let titles: unknown[];
let shell: ReturnType<typeof testShell>;
let drawn: Drawn | null = null;
let listeners: AbortController;

beforeEach(() => {
  [sent, chosen, titles] = [[], null, []];
  listeners = new AbortController();
  const bridge = {
    dropped: async (files: File[]) => files.map(({ name }) => name).join() || null,
    request: async (_name: string, { title }: { title: string }) => {
      titles.push(title);
      return { ok: true, value: { files: chosen } };
    },
  } as unknown as AtollBridge;
  shell = testShell({ bridge, send: (...[name, input]) => void sent.push([name, input]) });
  refuseOtherDrops({
    addEventListener: (type: string, listener: EventListener) =>
      window.addEventListener(type, listener, { signal: listeners.signal }),
  });
});

afterEach(() => {
  listeners.abort();
  drawn?.remove();
  drawn = null;
});

async function drawChip(change: Partial<VmStatus> = {}): Promise<void> {
  drawn = await draw(
    <ShellContext value={shell}>
      <VmChip vm={{ ...WEB, ...change }} />
    </ShellContext>,
  );
}

/** What the host's file manager drags over an element, or drops there. Gives the effect that it is told. */
async function drag(
  type: "dragover" | "dragleave" | "drop",
  on: Element,
  names: string[],
  kinds = ["Files"],
): Promise<string> {
  const dataTransfer = { types: kinds, files: names.map((name) => new File([], name)), dropEffect: "move" };
  const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), { dataTransfer });
  await act(async () => void on.dispatchEvent(event));
  return `${dataTransfer.dropEffect} ${event.defaultPrevented}`;
}

it("files that are dropped on a VM's chip are sent to it; the chip says so while they are above it", async () => {
  await drawChip();
  const chip = element(".chip");
  expect(await drag("dragover", chip, ["a.txt"])).toBe("copy true");
  expect(textsOf(".chip-fact")).toEqual(["send here"]);
  await drag("dragleave", chip, ["a.txt"]);
  expect(textsOf(".chip-fact")).toEqual(["ready"]);
  await drag("drop", chip, ["a.txt", "b.txt"]);
  expect(sent).toEqual([["transfer.send", { source: { kind: "chosen", files: "a.txt,b.txt" }, to: "web" }]]);
});

it("icons of the desktop that are dropped on it go there by their ids", async () => {
  await drawChip();
  const dataTransfer = {
    types: [ICON_DRAG_TYPE],
    files: [],
    getData: (type: string) => (type === ICON_DRAG_TYPE ? '["1","2"]' : ""),
  };
  const event = Object.assign(new Event("drop", { bubbles: true, cancelable: true }), { dataTransfer });
  await act(async () => void element(".chip").dispatchEvent(event));
  expect(sent).toEqual([["icon.send", { ids: ["1", "2"], to: "web" }]]);
});

it("what is no file of this computer, or is dropped beside it, goes nowhere, and is not shown in place of the desktop", async () => {
  await drawChip();
  expect(await drag("drop", element(".chip"), [""])).toBe("move true");
  expect(await drag("dragover", element(".chip"), [], ["text/plain"])).toBe("none true");
  expect(await drag("dragover", document.body, ["a.txt"])).toBe("none true");
  expect(await drag("drop", document.body, ["a.txt"])).toBe("move true");
  expect(sent).toEqual([]);
});

it("a VM that does not run takes none", async () => {
  await drawChip({ state: "stopped" });
  expect(await drag("dragover", element(".chip"), ["a.txt"])).toBe("none true");
  await drag("drop", element(".chip"), ["a.txt"]);
  expect(sent).toEqual([]);
});

it("files are chosen in the host's dialog, and sent or opened; none where it is cancelled", async () => {
  await sendChosenFiles(shell, WEB);
  await openChosenFile(shell, WEB);
  expect(sent).toEqual([]);
  chosen = "word";
  await sendChosenFiles(shell, WEB);
  await openChosenFile(shell, WEB);
  await openChosenFile(shell, null);
  const item = { kind: "chosen", files: "word" };
  expect(sent).toEqual([
    ["transfer.send", { source: { kind: "chosen", files: "word" }, to: "web" }],
    ["open.open", { item, from: null, in: { kind: "vm", vm: "web" } }],
    ["open.open", { item, from: null }],
  ]);
  expect(titles.slice(2)).toEqual(["Send files to web", "Open a file in web", "Open a file"]);
});
