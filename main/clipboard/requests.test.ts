/** The clipboard with an application around it: VMs whose agents are scripted, and what page and command ask and are told. */
import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clipboardContract } from "#shared/ipc/clipboard.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { windowIdOf } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import type { Application } from "../application.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { CLIPBOARD, type TimedOffer } from "../link/contracts/clipboard.ts";
import { SURFACES } from "../link/contracts/surfaces.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { HELLO, ordersOf, type ScriptedLink, serviceEvent } from "../vms/testing/scripted-vm.ts";
import type { Vm } from "../vms/vm.ts";
import { createClipboard } from "./clipboard.ts";
import { sendClipboardEvents } from "./events.ts";
import { type ClipboardParts, clipboardHandlers } from "./requests.ts";
import { ClipDesk, settled, TEXT } from "./testing/clip-desk.ts";

let folder: string;
let links: ScriptedLink[];
let application: Application;
let desk: ClipDesk;
let page: CheckedPage;
let clipboard: ClipboardParts;
let dispatcher: Dispatcher;
let home: Vm;
let web: Vm;
let policyChanged: () => void;
let end: () => void;

let isHostEmpty: boolean;
beforeEach(async () => {
  isHostEmpty = false;
  desk = new ClipDesk();
  page = new CheckedPage();
  const scripted = await scriptedApplication({ vms: { home: "lagoon", web: "coral" } });
  ({ application, folder, links, end } = scripted);
  await application.open();
  const { gate, read } = desk.ports;
  clipboard = createClipboard({
    application,
    policy: {
      decide: (crossing) => ({
        decision: gate.decide(crossing),
        rule: null,
        refusal: null,
        answer: { decision: "allow", rule: null, explanation: "" },
      }),
      on: (_, listener) => {
        policyChanged = listener;
        return () => undefined;
      },
    },
    crossings: gate,
    read,
    startTransfer: () => {
      throw new Error("no files are copied here");
    },
    page,
    host: {
      look: () => Promise.resolve({ types: isHostEmpty ? [] : [TEXT], isSecret: false, stamp: "host" }),
      read: () => Promise.resolve(Buffer.from("host's")),
      write: () => Promise.resolve(true),
      onFocus: () => undefined,
    },
    settings: scripted.settings,
  });
  sendClipboardEvents({ application, clipboard, page, settings: scripted.settings });
  dispatcher = Dispatcher.of(
    { clipboard: clipboardContract },
    { clipboard: clipboardHandlers({ application, clipboard }) },
    { checksOutputs: true },
  );
  [home, web] = [application.vm("home"), application.vm("web")];
  for (const vm of [home, web]) {
    await vm.start();
    links.at(-1)?.says(HELLO);
  }
});
afterEach(() => end());

const linkOf = (vm: Vm): ScriptedLink | undefined => links[vm === home ? 0 : 1];
const command = (name: string, input: unknown = {}): Promise<unknown> => called(dispatcher, cliCaller(), name, input);
const asked = (name: string, input: unknown = {}): Promise<unknown> => called(dispatcher, PAGE_CALLER, name, input);
const told = (name: string): unknown => page.events.findLast((event) => event.name === name)?.payload;

function copies(vm: Vm, changes: Partial<TimedOffer> = {}): void {
  const offer: TimedOffer = {
    selection: "clipboard",
    generation: 1,
    types: ["text/plain"],
    sinceInputMs: 0,
    ...changes,
  };
  linkOf(vm)?.says(serviceEvent(CLIPBOARD, { type: "offered", ...offer }));
}

/** A window of the VM has the focus. */
function focus(vm: Vm): string {
  const surface = 1 as SurfaceId;
  const window = guestWindow(surface, { appId: "Mouse\u202Epad" });
  linkOf(vm)?.says(serviceEvent(SURFACES, { type: "windowOpened", window }));
  const id = windowIdOf(vm.id, surface);
  application.focus.reported({ window: id, vm: vm.id, cause: "person" });
  return id;
}

test("what is copied in a VM is announced to the other, and told to page and command", async () => {
  copies(home);
  expect(ordersOf(linkOf(web), CLIPBOARD)).toEqual([
    { type: "announce", selection: "clipboard", offer: 1, types: [TEXT] },
  ]);
  expect(told("clipboard.changed")).toMatchObject({
    current: { from: home.id, types: [TEXT], isSecret: false },
    waiting: [],
    pasteKeys: ["Ctrl+V", "Ctrl+Shift+V", "Shift+Insert"],
  });
  expect(await command("clipboard.show")).toEqual({ id: 1, from: "home", types: [TEXT], bytes: null, ageS: 0 });
});

test("what is copied later is told from what was copied before, also where it is of the same VM and types", async () => {
  copies(home);
  copies(home, { generation: 2 });
  expect(await command("clipboard.show")).toMatchObject({ id: 2, from: "home", types: [TEXT] });
});

test("a page that comes later is told", () => {
  copies(home);
  page.events.length = 0;
  page.come();
  expect(told("clipboard.changed")).toMatchObject({ current: { from: home.id } });
});

test("nothing was copied: the command says null", async () => {
  expect(await command("clipboard.show")).toBeNull();
});

test("a gesture in a window lets its VM's program paste", async () => {
  copies(home);
  const window = focus(web);
  dispatcher.report(PAGE_CALLER, "clipboard.gesture", { window, kind: "keys" });
  linkOf(web)?.says(
    serviceEvent(CLIPBOARD, { type: "wanted", paste: { request: 1, selection: "clipboard", offer: 1, type: TEXT } }),
  );
  await settled();
  expect(desk.delivered.map(({ target }) => target?.kind)).toEqual(["collect", "ahead"]);
  expect(desk.delivered[1]?.answered).toEqual([1]);
  expect(desk.requests[0]).toMatchObject({ app: "Mousepad" });
});

test("without one the page shows the small bar, whose answer counts", async () => {
  copies(home);
  focus(web);
  linkOf(web)?.says(
    serviceEvent(CLIPBOARD, { type: "wanted", paste: { request: 1, selection: "clipboard", offer: 1, type: TEXT } }),
  );
  const { waiting } = told("clipboard.changed") as { waiting: { id: number; lapsesInMs: number }[] };
  expect(waiting).toMatchObject([{ vm: web.id, from: home.id, app: "Mousepad", type: TEXT }]);
  expect(waiting[0]?.lapsesInMs).toBeGreaterThan(0);
  dispatcher.report(PAGE_CALLER, "clipboard.answer", { id: waiting[0]?.id, answer: "paste" });
  await settled();
  expect(desk.delivered.map(({ target }) => target?.kind)).toEqual(["collect", "request"]);
  expect(told("clipboard.changed")).toMatchObject({ waiting: [] });
});

test("what is marked with the mouse stays in its VM", async () => {
  copies(home, { selection: "primary" });
  const window = focus(web);
  dispatcher.report(PAGE_CALLER, "clipboard.gesture", { window, kind: "middle" });
  await settled();
  expect([ordersOf(linkOf(web), CLIPBOARD), desk.readings]).toEqual([[], []]);
});

test("it crosses by the middle button where the settings say so, beside what was copied, and no longer when they do not", async () => {
  fs.writeFileSync(path.join(folder, "settings.yaml"), "middleClickAcrossVms: true\n");
  await vi.waitFor(() => {
    copies(home, { selection: "primary" });
    expect(ordersOf(linkOf(web), CLIPBOARD)).toEqual([
      { type: "announce", selection: "primary", offer: 1, types: [TEXT] },
    ]);
  });
  copies(home);
  expect(ordersOf(linkOf(web), CLIPBOARD).at(-1)).toMatchObject({ selection: "clipboard", offer: 2 });
  const window = focus(web);
  dispatcher.report(PAGE_CALLER, "clipboard.gesture", { window, kind: "middle" });
  await settled();
  const ahead = desk.delivered.filter(({ target }) => target?.kind === "ahead");
  expect(ahead.map(({ source, target }) => [source, target])).toEqual([
    [expect.objectContaining({ selection: "primary" }), { kind: "ahead", vm: web, offer: 1, chord: null }],
  ]);
  expect(await asked("clipboard.history", { search: "", label: null })).toEqual([]);
  fs.writeFileSync(path.join(folder, "settings.yaml"), "");
  await vi.waitFor(() =>
    expect(ordersOf(linkOf(web), CLIPBOARD).at(-1)).toMatchObject({ selection: "primary", types: [] }),
  );
});

test("a link that is lost takes the VM's clip along, and the next one is told what there is", () => {
  copies(home);
  linkOf(home)?.says({ type: "closed", reason: "agent-lost", detail: "" });
  expect(ordersOf(linkOf(web), CLIPBOARD).at(-1)).toMatchObject({ type: "announce", types: [] });
  expect(told("clipboard.changed")).toMatchObject({ current: null });
});

test("rules that change, and a VM that they see otherwise, are followed", () => {
  copies(home);
  desk.rules.set("web", "deny");
  policyChanged();
  expect(ordersOf(linkOf(web), CLIPBOARD).at(-1)).toMatchObject({ types: [] });
  desk.rules.delete("web");
  web.redefine({ ...web.definition, label: "rose" });
  expect(ordersOf(linkOf(web), CLIPBOARD).at(-1)).toMatchObject({ types: [TEXT] });
});

test("the person can say that the host's own clip is meant", async () => {
  copies(home);
  const window = focus(web);
  await asked("clipboard.pasteFromHost", { window });
  expect(await command("clipboard.show")).toMatchObject({ from: "@host" });
  isHostEmpty = true;
  await expect(asked("clipboard.pasteFromHost", { window })).rejects.toMatchObject({ code: "clipboard.empty" });
});

test("the history is searched, pinned, picked and cleared", async () => {
  copies(home);
  await desk.readings[0]?.end({ content: Buffer.from("The address\nof home") });
  expect(told("clipboard.historyChanged")).toEqual({});
  const [entry] = (await asked("clipboard.history", { search: "ADDRESS", label: "lagoon" })) as { id: number }[];
  expect(entry).toMatchObject({
    vm: home.id,
    vmName: "home",
    label: "lagoon",
    text: "The address\nof home",
    characters: 19,
    isPinned: false,
  });
  copies(home, { generation: 2, types: [] });
  await asked("clipboard.pick", { entry: entry?.id });
  expect(ordersOf(linkOf(web), CLIPBOARD).at(-1)).toMatchObject({ types: [TEXT] });
  expect(clipboard.broker.current?.from).toMatchObject({ id: home.id });
  await asked("clipboard.pin", { entry: entry?.id, isPinned: true });
  await asked("clipboard.clearHistory", { label: null });
  expect(await asked("clipboard.history", { search: "", label: null })).toMatchObject([{ isPinned: true }]);
  await asked("clipboard.forget", { entry: entry?.id });
  await expect(asked("clipboard.pick", { entry: entry?.id })).rejects.toMatchObject({ code: "clipboard.gone" });
});

test("get and put carry bytes", async () => {
  copies(home);
  const got = command("clipboard.get", { vm: "home" });
  await settled();
  await desk.readings.at(-1)?.end({ content: Buffer.from("grüße") });
  expect(await got).toEqual({ type: TEXT, content: Buffer.from("grüße").toString("base64") });
  const put = command("clipboard.put", { vm: "web", content: Buffer.from("hello").toString("base64") });
  await settled();
  expect(desk.readings.at(-1)?.source).toEqual({ kind: "bytes", bytes: Buffer.from("hello") });
  await desk.readings.at(-1)?.end();
  expect(await put).toEqual({ type: TEXT, bytes: 5, characters: 12 });
});

test("a command waits for the person as long as it says", async () => {
  desk.rules.set("host", "ask");
  copies(home);
  await expect(command("clipboard.get", { vm: "home", askS: 0 })).rejects.toMatchObject({ code: "policy.unanswered" });
});
