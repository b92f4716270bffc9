/** Programs of guests, for the page and the command alike. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { appContract } from "#shared/ipc/app.ts";
import type { Application } from "../application.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { APPS } from "../link/contracts/apps.ts";
import { LAUNCHES } from "../link/contracts/launches.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { HELLO, ordersOf, type ScriptedLink, serviceEvent } from "../vms/testing/scripted-vm.ts";
import { appHandlers } from "./requests.ts";

let links: ScriptedLink[];
let application: Application;
let dispatcher: Dispatcher;
let end: () => void;

beforeEach(async () => {
  ({ application, links, end } = await scriptedApplication());
  await application.open();
  await application.vm("home").start();
  links.at(-1)?.says(HELLO);
  const app = appHandlers({ application });
  dispatcher = Dispatcher.of({ app: appContract }, { app }, { checksOutputs: true });
});
afterEach(() => end());

it.each([
  ["the page", PAGE_CALLER],
  ["the command", cliCaller()],
])("%s gets the launch by which its windows are identified", async (_who, caller) => {
  const started = called(dispatcher, caller, "app.run", { vm: "home", program: { appId: "foot" } });
  const launch = await vi.waitFor(() => ordersOf(links[0], LAUNCHES)[0] ?? expect.fail("nothing was launched"));
  expect(launch).toMatchObject({ appId: "foot", files: [] });
  links[0]?.says(serviceEvent(LAUNCHES, { type: "launched", request: launch.request, pid: 12 }));
  expect(await started).toEqual({ pid: 12, launch: launch.request });
});

it("programs of a VM, or of all, are listed", async () => {
  const apps = [{ id: "foot", name: "Foot", mimeTypes: ["text/plain"], categories: ["System"], hidden: false }];
  for (const vm of ["home", application.vm("home").id, null]) {
    const listed = called(dispatcher, cliCaller(), "app.list", { vm });
    const { request } = ordersOf(links[0], APPS).at(-1) ?? expect.fail("nothing was asked");
    links[0]?.says(serviceEvent(APPS, { request, apps }));
    expect(await listed).toEqual([{ vm: "home", ...apps[0] }]);
  }
});

it("the page is told what a menu shows, and nothing else of a guest's list", async () => {
  const app = { id: "foot", name: "Foot", mimeTypes: ["text/plain"], categories: ["System"], hidden: false };
  const apps = [app, { ...app, id: "pdf", hidden: true }, { ...app, name: "Not Foot" }, { ...app, id: "x" }];
  const listed = called(dispatcher, PAGE_CALLER, "app.offered", { vm: "home" });
  const { request } = ordersOf(links[0], APPS).at(-1) ?? expect.fail("nothing was asked");
  links[0]?.says(serviceEvent(APPS, { request, apps }));
  expect(await listed).toEqual([
    { vm: "home", id: "foot", name: "Foot", kind: "terminal" },
    { vm: "home", id: "x", name: "Foot", kind: "other" },
  ]);
});
