import { describe, expect, it } from "vitest";
import type { OfferedApp } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";
import { MAX_FOUND_PER_VM, offeredApps, searchApps, type SearchOrder } from "./app-search.ts";

const app = (vm: string, id: string, name: string): OfferedApp => ({ vm, id, name, kind: "other" });
const APPS = [
  app("web", "firefox-esr", "Firefox"),
  app("home", "org.xfce.mousepad", "Mousepad"),
  app("web", "foot", "Foot"),
  app("home", "foot", "Foot"),
];
const order: SearchOrder = { recent: [], vms: ["home", "web"] };
const names = (query: string): string[] => searchApps(APPS, query, order).map(({ vm, name }) => `${name} ${vm}`);

describe("searching programs", () => {
  it("shows all of them by VM and name without a query", () => {
    expect(names("")).toEqual(["Foot home", "Mousepad home", "Firefox web", "Foot web"]);
  });

  it("has those that begin with it first, within a VM", () => {
    const browsers = [app("web", "b", "The Firefox"), app("web", "c", "Other"), app("web", "a", "Firefox")];
    expect(searchApps(browsers, "fire", order).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("prefers what is called so to what is only in a VM of that name", () => {
    expect(searchApps([app("foot", "a", "A"), ...APPS], "foot", { ...order, vms: ["foot", "web"] })).toMatchObject([
      { vm: "web", id: "foot" },
      { vm: "home", id: "foot" },
      { vm: "foot", id: "a" },
    ]);
  });

  it("does not put a VM first that calls its program like another VM's", () => {
    const evil = [app("evil", "firefox", "firefox"), app("evil", "firefox-esr", "Firefox"), app("evil", "0", "000")];
    const all = [...evil, app("web", "browser", "Mozilla Firefox"), app("home", "foot", "Foot")];
    const found = (query: string, change: Partial<SearchOrder>): string | undefined =>
      searchApps(all, query, { ...order, ...change })[0]?.vm;
    expect(found("firefox", { vms: ["web", "evil"] })).toBe("web");
    // The host's order may have that VM first: what the person has launched counts more.
    expect(found("firefox", { vms: ["evil", "web"], recent: ["web browser"] })).toBe("web");
    expect(found("", { vms: ["home", "evil"] })).toBe("home");
  });
  it("finds every word in name, id or VM", () => {
    expect(names("foo web")).toEqual(["Foot web"]);
    expect(names("xfce")).toEqual(["Mousepad home"]);
    expect(names("nothing")).toEqual([]);
  });
});

it("of a VM that lists very many no more are found than a person looks through; another VM's are there too", () => {
  const many = Array.from({ length: 2000 }, (_, at) => app("web", `app${at}`, `Foot ${at}`));
  const found = searchApps([...many, ...APPS], "foot", order);
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
