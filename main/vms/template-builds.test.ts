/** Which builds are one, and which are not. What builds is the test's. */
import { expect, it } from "vitest";
import type { buildTemplate, Recipe } from "../../images/builder/index.ts";
import { allRecipes } from "../../images/builder/index.ts";
import { TemplateBuilds } from "./template-builds.ts";

type Build = Parameters<typeof buildTemplate>[0] & { end: () => void };

const recipe = allRecipes(null).all.get("debian") ?? expect.unreachable("no recipe");
const withPackage = (name: string): Recipe => ({ ...recipe, packages: [...recipe.packages, name] });

function builds(): { all: TemplateBuilds; begun: Build[]; built: [string, boolean][] } {
  const begun: Build[] = [];
  const all = new TemplateBuilds("/nonexistent", (request) => {
    const { signal } = request;
    return new Promise((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
      begun.push({ ...request, end: () => resolve({} as Awaited<ReturnType<typeof buildTemplate>>) });
    });
  });
  const built: [string, boolean][] = [];
  all.on("built", (...what) => built.push(what));
  return { all, begun, built };
}

it("a service that has the name of a template, and another version of it, have builds of their own", async () => {
  const { all, begun, built } = builds();
  const template = all.build("debian");
  const service = all.build("debian", withPackage("python3"));
  const next = all.build("debian", withPackage("python3-yara"));
  expect(begun.map((one) => one.recipe.packages.at(-1))).toEqual([recipe.packages.at(-1), "python3", "python3-yara"]);
  begun[1]?.end();
  await service;
  expect(built).toEqual([["debian", false]]);
  begun[0]?.end();
  begun[2]?.end();
  await Promise.all([template, next]);
  expect(built.slice(1)).toEqual([
    ["debian", true],
    ["debian", false],
  ]);
});

it("a second request for the same joins its build, and each is cancelled by its name", async () => {
  const { all, begun } = builds();
  const both = Promise.allSettled([all.build("debian"), all.build("debian")]);
  const other = all.build("debian-web");
  expect(begun).toHaveLength(2);
  all.cancel("debian");
  expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  begun[1]?.end();
  await other;
  // Another one begins anew.
  const again = all.build("debian");
  expect(begun).toHaveLength(3);
  begun[2]?.end();
  await again;
});
