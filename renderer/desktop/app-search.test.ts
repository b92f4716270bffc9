import { describe, expect, it } from "vitest";
import type { OfferedApp } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";
import { MAX_FOUND_PER_VM, offeredApps, searchApps } from "./app-search.ts";

const app = (vm: string, id: string, name: string): OfferedApp => ({ vm, id, name, kind: "other" });
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

it("of a VM that lists very many no more are found than a person looks through; another VM's are there too", () => {
  const many = Array.from({ length: 2000 }, (_, at) => app("web", `app${at}`, `Foot ${at}`));
  const found = searchApps([...many, ...APPS], "foot");
  expect(found.filter(({ vm }) => vm === "web")).toHaveLength(MAX_FOUND_PER_VM);
  expect(found).toContainEqual(app("home", "foot", "Foot"));
});

it("programs are those of VMs that have answered and run", () => {
  const [home, web, work] = ["home", "web", "work"] as unknown as [VmId, VmId, VmId];
  const answers = new Map([
    [web, [app("web", "foot", "Foot")]],
    [home, null],
    [work, [app("work", "foot", "Foot")]],
  ]);
  expect(offeredApps(answers, [home, web])).toEqual([app("web", "foot", "Foot")]);
});
