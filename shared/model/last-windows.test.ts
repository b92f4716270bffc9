import { expect, it } from "vitest";
import type { AppView } from "./app.ts";
import { appsOf } from "./last-windows.ts";

const APPS = ["mousepad", "org.gnome.TextEditor", "debian-xterm", "foot-server", "foot", "zathura-pdf"].map(
  (id): AppView => ({ vm: "home", id, name: id, mimeTypes: [], categories: [], hidden: id === "zathura-pdf" }),
);

it.each([
  ["mousepad", "mousepad"],
  ["Mousepad", "mousepad"],
  ["org.gnome.TextEditor", "org.gnome.TextEditor"],
  ["texteditor", "org.gnome.TextEditor"],
  ["XTerm", "debian-xterm"],
  ["foot", "foot"],
])("a window of %s is of %s", (appId, id) => {
  expect(appsOf([{ title: "", appId }], APPS)).toMatchObject({ apps: [{ id }], missing: [] });
});

it("an id counts as it is written, then in any case, then by its last part", () => {
  const of = (appId: string, ...ids: string[]): string | undefined => {
    const apps = ids.map((id): AppView => ({ vm: "home", id, name: id, mimeTypes: [], categories: [], hidden: false }));
    return appsOf([{ title: "", appId }], apps).apps[0]?.id;
  };
  expect(of("foot", "Foot", "foot")).toBe("foot");
  expect(of("foot", "debian-foot", "FOOT")).toBe("FOOT");
  expect(of("Foot", "debian-foot", "fooT")).toBe("fooT");
});

it("each program once; what a guest has not, or does not show in menus, is missing", () => {
  const windows = ["foot", "foot", "pdf", "gone", "gone"].map((appId, at) => ({ title: `${at}`, appId }));
  const { apps, missing } = appsOf(windows, APPS);
  expect(apps.map(({ id }) => id)).toEqual(["foot"]);
  expect(missing).toEqual(["pdf", "gone"]);
});
