import { describe, expect, it } from "vitest";
import type { AppView } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";
import { offeredApps, searchApps } from "./app-search.ts";

const app = (vm: string, id: string, name: string): AppView => ({
  vm,
  id,
  name,
  mimeTypes: [],
  categories: [],
  hidden: false,
});
const APPS = [
  app("web", "firefox-esr", "Firefox"),
  app("home", "org.xfce.mousepad", "Mousepad"),
  app("web", "foot", "Foot"),
  app("home", "foot", "Foot"),
];
const names = (query: string): string[] => searchApps(APPS, query).map(({ vm, name }) => `${name} ${vm}`);

describe("searching programs", () => {
  it("shows all of them by name without a query", () => {
    expect(names("")).toEqual(["Firefox web", "Foot home", "Foot web", "Mousepad home"]);
  });
  it("finds every word in name, id or VM", () => {
    expect(names("foo web")).toEqual(["Foot web"]);
    expect(names("xfce")).toEqual(["Mousepad home"]);
    expect(names("nothing")).toEqual([]);
  });
});

it("programs are offered once, of those VMs that have answered and run", () => {
  const [home, web, work] = ["home", "web", "work"] as unknown as [VmId, VmId, VmId];
  const firefox = app("web", "firefox-esr", "Firefox");
  const answers = new Map([
    [web, [firefox, app("web", "foot", "Foot"), app("web", "firefox-esr", "Not Firefox")]],
    [home, null],
    [work, [app("work", "foot", "Foot")]],
  ]);
  expect(offeredApps(answers, [home, web])).toEqual([firefox, app("web", "foot", "Foot")]);
});
