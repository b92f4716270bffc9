import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { VmId, VmRole, VmState } from "#shared/model/vm.ts";
import type { GuestWindow } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { LastWindows } from "./last-windows.ts";

interface TestVm {
  id: VmId;
  status: { state: VmState; role: VmRole };
  windows: { isFrozen: boolean; values: () => GuestWindow[] };
  open: GuestWindow[];
}

let folder: string;
let vms: TestVm[];
let isComplete: boolean;
let last: LastWindows;

beforeEach(() => {
  vi.useFakeTimers();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-last-windows-"));
  vms = [];
  isComplete = true;
  last = next();
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(folder, { recursive: true });
});

/** Another run of the application on the same files. */
function next(): LastWindows {
  return new LastWindows({ stateFolder: folder, vms: () => vms, isComplete: () => isComplete });
}

function vm(number: number, role: VmRole = "app"): TestVm {
  const open: GuestWindow[] = [];
  const made: TestVm = {
    id: `${number}a1b2c3d-0000-4000-8000-000000000000` as VmId,
    status: { state: "running", role },
    windows: { isFrozen: false, values: () => open },
    open,
  };
  vms.push(made);
  return made;
}

function changed(): void {
  last.changed();
  vi.advanceTimersByTime(1_000);
}

const notes = guestWindow(1, { title: "Notes", appId: "mousepad" });
const shell = guestWindow(2, { title: "me@home", appId: "foot" });
const NOTES = { title: "Notes", appId: "mousepad" };
const SHELL = { title: "me@home", appId: "foot" };

it("what was opened a moment before its VM stops counts, and not what is left while it does", () => {
  const home = vm(0);
  home.open.push(shell);
  changed();
  home.open.push(notes);
  last.changed();
  home.status.state = "stopping";
  last.changed();
  home.open.splice(0, 1);
  changed();
  home.open.length = 0;
  home.status.state = "stopped";
  changed();
  expect(last.of(home.id)).toEqual([SHELL, NOTES]);
});

it("what was open when a VM ended is offered, also by the next run, until something is open again", () => {
  const home = vm(0);
  home.open.push(notes, shell);
  changed();
  expect(last.of(home.id)).toEqual([]);
  home.status.state = "stopping";
  home.open.length = 0;
  changed();
  home.status.state = "stopped";
  changed();
  expect(last.of(home.id)).toEqual([NOTES, SHELL]);
  last = next();
  home.status.state = "starting";
  changed();
  home.status.state = "running";
  changed();
  expect(last.of(home.id)).toEqual([NOTES, SHELL]);
  home.open.push(shell);
  changed();
  expect(last.of(home.id)).toEqual([]);
  home.status.state = "crashed";
  changed();
  expect(last.of(home.id)).toEqual([SHELL]);
});

it("windows that go in the moment in which their VM ends are still its last ones", () => {
  const home = vm(0);
  home.open.push(notes);
  changed();
  home.open.length = 0;
  last.changed();
  vi.advanceTimersByTime(500);
  home.status.state = "stopped";
  changed();
  expect(last.of(home.id)).toEqual([NOTES]);
});

it("what a person has closed is not offered", () => {
  const home = vm(0);
  home.open.push(notes, shell);
  changed();
  home.open.shift();
  changed();
  home.open.shift();
  changed();
  home.status.state = "stopped";
  changed();
  expect(last.of(home.id)).toEqual([]);
  expect(next().of(home.id)).toEqual([]);
});

it("no title of a vault is kept, and nothing of disposables and services", () => {
  const [vault, ...others] = [vm(0, "vault"), vm(1, "disposable"), vm(2, "service")] as const;
  for (const one of vms) one.open.push(notes, guestWindow(3, { title: "Other notes", appId: "mousepad" }));
  changed();
  expect(fs.readFileSync(path.join(folder, "last-windows.json"), "utf8")).not.toMatch(/otes/u);
  last = next();
  expect(last.of(vault.id)).toEqual([{ title: "", appId: "mousepad" }]);
  for (const { id } of others) expect(last.of(id)).toEqual([]);
});

it("dialogs, nameless programs, and more than a list shows are left out; frozen frames are not what is open", () => {
  const home = vm(0);
  home.open.push(
    guestWindow(4, { title: "Save?", appId: "mousepad", parent: notes.surface }),
    guestWindow(5, { appId: "" }),
  );
  for (let n = 6; n < 40; n += 1) home.open.push(guestWindow(n, { title: `t${n}`, appId: "foot" }));
  changed();
  home.open.length = 0;
  home.open.push(notes);
  home.windows.isFrozen = true;
  changed();
  home.status.state = "stopped";
  changed();
  expect(last.of(home.id).map(({ title }) => title)).toEqual(Array.from({ length: 12 }, (_, at) => `t${at + 6}`));
});

it("a guest's title is cleaned and cut", () => {
  const home = vm(0);
  home.open.push(guestWindow(1, { title: `a\u001B[31m\n${"x".repeat(5_000)}`, appId: "foot" }));
  changed();
  const [window] = next().of(home.id);
  expect(window?.title).not.toMatch(/\p{C}/u);
  expect(window?.title.length).toBeLessThanOrEqual(121);
});

it("what is kept of a VM that was removed goes, but not while definitions cannot be read", () => {
  const home = vm(0);
  home.open.push(notes);
  changed();
  vms = [];
  isComplete = false;
  changed();
  expect(next().of(home.id)).toEqual([NOTES]);
  isComplete = true;
  changed();
  expect(next().of(home.id)).toEqual([]);
});

it("is written for nobody else to read, and before the application ends", () => {
  const home = vm(0);
  home.open.push(notes);
  last.changed();
  last.flush();
  expect(next().of(home.id)).toEqual([NOTES]);
  expect(fs.statSync(path.join(folder, "last-windows.json")).mode & 0o777).toBe(0o600);
});

it.each(["{", "[]", '{"x": []}', '{"0a1b2c3d-0000-4000-8000-000000000000": [{"title": 1, "appId": "a"}]}'])(
  "a damaged file is none: %s",
  (text) => {
    fs.writeFileSync(path.join(folder, "last-windows.json"), text);
    expect(next().of("0a1b2c3d-0000-4000-8000-000000000000" as VmId)).toEqual([]);
  },
);
