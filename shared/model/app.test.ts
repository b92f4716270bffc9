import { expect, it } from "vitest";
import { appKind } from "./app-kind.ts";
import { type AppView, offered } from "./app.ts";

const app = (id: string, fields: Partial<AppView> = {}): AppView => ({
  vm: "home",
  id,
  name: id,
  mimeTypes: [],
  categories: [],
  hidden: false,
  ...fields,
});

it("menus offer each application of a VM once, and none that is hidden", () => {
  const apps = [
    app("foot"),
    app("foot", { name: "again" }),
    app("viewer", { hidden: true }),
    app("foot", { vm: "work" }),
    app("files", { categories: ["System", "FileManager"] }),
  ];
  expect(offered(apps)).toEqual([
    { vm: "home", id: "foot", name: "foot", kind: "terminal" },
    { vm: "work", id: "foot", name: "foot", kind: "terminal" },
    { vm: "home", id: "files", name: "files", kind: "files" },
  ]);
});

it.each([
  ["org.gnome.Terminal", [], "terminal"],
  ["x", ["Network", "WebBrowser"], "browser"],
  ["remmina", [], "remote"],
  ["x", [], "other"],
] as const)("an application %s of the categories %j is a %s", (id, categories, kind) => {
  expect(appKind(id, categories)).toBe(kind);
});

it("an application without categories is known by its id", () => {
  expect(appKind("mousepad")).toBe("editor");
});
