/** The icons of a VM whose link is scripted, and of a real folder of the host. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ShownPlace } from "#shared/model/icon.ts";
import { FOLDERS, type FoldersEvent } from "../link/contracts/folders.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { HELLO, ordersOf, type ScriptedLink, serviceEvent } from "../vms/testing/scripted-vm.ts";
import { DesktopIcons } from "./desktop-icons.ts";
import { GuestFolder } from "./guest-folder.ts";
import { HostFolder } from "./host-folder.ts";
import { RecentFiles, RecentFolder } from "./recent-files.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const item = (name: string, isFolder = false) => ({ name: bytes(name), isFolder, size: 5, modifiedS: 7 });

let parts: Awaited<ReturnType<typeof scriptedApplication>>;
let link: ScriptedLink;
let places: Record<ShownPlace, boolean>;
let downloads: string;
let trashed: string[];
let recent: RecentFiles;
let icons: DesktopIcons;

beforeEach(async () => {
  parts = await scriptedApplication({ vms: { home: "lagoon" } });
  await parts.application.open();
  places = { vms: true, downloads: false, recent: false };
  recent = new RecentFiles(() => 9_000);
  downloads = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-downloads-"));
  trashed = [];
  const trash = async (file: string): Promise<void> => void trashed.push(path.basename(file));
  icons = new DesktopIcons({
    application: parts.application,
    places: () => places,
    guestFolder: (vm) => new GuestFolder(vm),
    downloads: () => new HostFolder(downloads, trash),
    recent: (vm) => {
      const changes = vm === null ? new HostFolder(downloads, trash) : new GuestFolder(vm);
      return new RecentFolder(recent, vm?.id ?? null, changes);
    },
  });
  await parts.application.vm("home").start();
  link = parts.links[0] as ScriptedLink;
  link.says(HELLO);
});
afterEach(() => {
  icons.end();
  parts.end();
  fs.rmSync(downloads, { recursive: true });
});

function says(event: FoldersEvent): void {
  link.says(serviceEvent(FOLDERS, event));
}

function tell(names: ReturnType<typeof item>[], more = 0): void {
  says({ type: "changed", folder: 1, isReset: true, items: names, removed: [], isLast: true, more });
}

const orders = (): unknown[] => ordersOf(link, FOLDERS);
const idOf = (name: string): string => icons.views.find((view) => view.name === name)?.id ?? "";

it("the folder Desktop of a VM is shown while it runs, and the next change comes when the page shows the last", async () => {
  expect(orders()).toEqual([{ type: "show", folder: 1, path: bytes("Desktop") }]);
  tell([item("b.txt"), item("a"), item("z", true)], 4);
  expect(icons.views.map(({ name, isFolder }) => [name, isFolder])).toEqual([
    ["z", true],
    ["a", false],
    ["b.txt", false],
  ]);
  expect(icons.views[0]).toMatchObject({ party: { kind: "vm", name: "home", label: "lagoon" }, place: "vms" });
  expect(icons.more).toBe(4);
  expect(orders()).toHaveLength(1);
  icons.shown();
  icons.shown();
  expect(orders().slice(1)).toEqual([{ type: "seen", folder: 1 }]);
  await parts.application.vm("home").kill();
  expect(icons.views).toEqual([]);
});

it("a change in parts is shown when it is whole", () => {
  const part = { type: "changed" as const, folder: 1, removed: [], more: 0 };
  says({ ...part, isReset: true, items: [item("a")], isLast: false });
  expect(icons.views).toEqual([]);
  says({ ...part, isReset: false, items: [item("b")], isLast: true });
  says({ ...part, isReset: false, items: [], removed: [bytes("a")], isLast: true });
  expect(icons.views.map(({ name }) => name)).toEqual(["b"]);
});

it("a name that is no text has an icon, and is acted on as it is", async () => {
  const name = Uint8Array.of(0x61, 0xff);
  says({
    type: "changed",
    folder: 1,
    isReset: true,
    items: [{ ...item(""), name }],
    removed: [],
    isLast: true,
    more: 0,
  });
  const [view] = icons.views;
  expect(view?.name).toBe("a\ufffd");
  const renamed = icons.rename(view?.id ?? "", "b");
  const path = Buffer.concat([bytes("Desktop/"), name]);
  expect(orders().at(-1)).toEqual({ type: "act", act: 1, path, what: { kind: "rename", name: bytes("b") } });
  says({ type: "acted", act: 1, result: { done: true, path: bytes("/home/user/Desktop/b") } });
  const id = await renamed;
  tell([item("b")]);
  expect(idOf("b")).toBe(id);
});

it("a file that cannot be renamed says why, one that is gone, too", async () => {
  tell([item("a")]);
  const renamed = icons.rename(idOf("a"), "b");
  says({ type: "acted", act: 1, result: { done: false, reason: "collision" } });
  await expect(renamed).rejects.toThrow('"a" was not renamed: there is a file of that name already.');
  await expect(icons.rename("nothing", "b")).rejects.toMatchObject({ code: "icon.gone" });
});

it("what went to the trash comes back by one undo", async () => {
  tell([item("a"), item("b")]);
  const trash = icons.trash([idOf("a"), idOf("b"), "nothing"]);
  says({ type: "acted", act: 1, result: { done: true, path: bytes("/trash/a") } });
  says({ type: "acted", act: 2, result: { done: false, reason: "unwritable" } });
  const { outcomes, undo } = await trash;
  expect(outcomes.map(({ reason }) => reason)).toEqual([null, "unwritable", "gone"]);
  const restored = icons.restore(undo ?? 0);
  expect(orders().at(-1)).toEqual({ type: "act", act: 3, path: bytes("/trash/a"), what: { kind: "restore" } });
  says({ type: "acted", act: 3, result: { done: true, path: bytes("/home/user/Desktop/a") } });
  await restored;
});

it("the host's folder for downloads is shown where it is wanted, and its files go to the host's trash", async () => {
  fs.writeFileSync(path.join(downloads, "one.pdf"), "12345");
  fs.writeFileSync(path.join(downloads, ".hidden"), "");
  fs.symlinkSync("/etc/passwd", path.join(downloads, "link"));
  places = { vms: false, downloads: true, recent: false };
  icons.follow();
  expect(orders().at(-1)).toEqual({ type: "hide", folder: 1 });
  await vi.waitFor(() => expect(icons.views.map(({ name }) => name)).toEqual(["one.pdf"]));
  expect(icons.views[0]).toMatchObject({ party: { kind: "host" }, place: "downloads", bytes: 5 });
  icons.shown();
  fs.mkdirSync(path.join(downloads, "two"));
  await vi.waitFor(() => expect(icons.views.map(({ name }) => name)).toEqual(["two", "one.pdf"]));
  icons.shown();
  await expect(icons.rename(idOf("one.pdf"), "two")).rejects.toMatchObject({ details: { reason: "collision" } });
  await expect(icons.rename(idOf("one.pdf"), "../x")).rejects.toMatchObject({ details: { reason: "name" } });
  await icons.rename(idOf("one.pdf"), "three.pdf");
  await vi.waitFor(() => expect(icons.views.map(({ name }) => name)).toEqual(["two", "three.pdf"]));
  expect(await icons.trash([idOf("three.pdf")])).toMatchObject({ outcomes: [{ reason: null }], undo: null });
  expect(trashed).toEqual(["three.pdf"]);
});

it("of two files of the host that get one name at the same moment one keeps its own", async () => {
  const names = Array.from({ length: 40 }, (_, at) => `${at}`);
  for (const name of names) fs.writeFileSync(path.join(downloads, name), name);
  const folder = new HostFolder(downloads, () => Promise.resolve());
  const renamed = await Promise.all(
    names.map((name) => folder.change(folder.pathOf(bytes(name)), { kind: "rename", name: bytes("same") })),
  );
  expect(renamed.filter(({ done }) => done)).toHaveLength(1);
  expect(renamed.filter((result) => !result.done && result.reason === "collision")).toHaveLength(39);
  expect(fs.readdirSync(downloads)).toHaveLength(40);
});

it("what was opened last is shown with whose it is, each name once, and goes when it is renamed or thrown away", async () => {
  const home = parts.application.vm("home");
  const shown = (): string[] =>
    icons.views.map(({ party, name }) => `${"name" in party ? party.name : "host"} ${name}`);
  fs.writeFileSync(path.join(downloads, "own.pdf"), "");
  recent.opened(null, bytes(path.join(downloads, "own.pdf")));
  places = { vms: false, downloads: false, recent: true };
  icons.follow();
  expect(icons.views).toMatchObject([{ name: "own.pdf", place: "recent", modifiedS: 9 }]);
  icons.shown();
  recent.opened(home.id, bytes("/home/user/a/letter"));
  recent.opened(home.id, bytes("/home/user/b/letter"));
  icons.shown();
  expect(shown()).toEqual(["host own.pdf", "home letter"]);
  const id = icons.views.find(({ name }) => name === "letter")?.id ?? "";
  expect(icons.file(id)).toMatchObject({ party: { kind: "vm", vm: home }, path: bytes("/home/user/b/letter") });
  for (let at = 0; at < 9; at += 1) recent.opened(home.id, bytes(`/home/user/${at}`));
  icons.shown();
  expect(shown()).toEqual(["host own.pdf", ...[3, 4, 5, 6, 7, 8].map((at) => `home ${at}`)]);
  const own = icons.views.find(({ name }) => name === "own.pdf")?.id ?? "";
  expect(await icons.trash([own])).toEqual({ outcomes: [{ id: own, reason: null }], undo: null });
  icons.shown();
  expect(shown()).not.toContain("host own.pdf");
  expect(trashed).toEqual(["own.pdf"]);
});
