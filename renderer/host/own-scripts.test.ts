import { expect, it } from "vitest";
import { trustOwnScripts } from "./own-scripts.ts";

const PAGE = "app://atoll/index.html";

/** What the page asks at each address of a script. */
function asked(): (address: string) => string {
  const rules = new Map<string, (address: string) => string>();
  trustOwnScripts({ createPolicy: (name, { createScriptURL }) => rules.set(name, createScriptURL) }, PAGE);
  expect([...rules.keys()]).toEqual(["default"]);
  return rules.get("default") ?? String;
}

it("lets the page load its own worker", () => {
  expect(asked()("assets/compositor.worker-1.js")).toBe("app://atoll/assets/compositor.worker-1.js");
});

it.each([
  "https://example.org/assets/x.js",
  "app://other/assets/x.js",
  "app://atoll/x.js",
  "assets/../x.js",
  "data:text/javascript,alert(1)",
  "blob:app://atoll/1",
  "javascript:alert(1)",
])("loads nothing else: %s", (address) => {
  expect(() => asked()(address)).toThrow("no script of this page");
});

it("does nothing where there are no Trusted Types", () => {
  expect(() => trustOwnScripts(null, PAGE)).not.toThrow();
});
