import { AppError } from "#shared/model/app-error.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRecipes } from "./recipe.ts";
import { allRecipes, recipeNamed } from "./recipes.ts";

const BASE = `
name: base
description: A base
suite: trixie
packages: [foot]
excludes: [/usr/share/man/*]
memoryMiB: 512
cpus: 2
diskMiB: 4096
`;
const CHILD = `
name: child
description: A child
from: base
packages: [foot, xterm]
memoryMiB: 1024
`;

function reason(sources: Record<string, string>): string {
  return readRecipes(sources).problems[0]?.reason ?? "accepted";
}

describe("recipes", () => {
  it("joins a recipe with the one that it starts from", () => {
    const child = readRecipes({ "base.yaml": BASE, "child.yaml": CHILD }).all.get("child");
    expect(child).toMatchObject({ suite: "trixie", packages: ["foot", "xterm"], memoryMiB: 1024, cpus: 2 });
    expect(child?.excludes).toEqual(["/usr/share/man/*"]);
  });

  it.each([
    ["a number that is none", BASE.replace("cpus: 2", "cpus: many"), 8, 7, "cpus"],
    ["a field that there is not", BASE.replace("cpus: 2", "cpu: 2"), 8, 1, "cpu"],
    ["no YAML", "a: [", 1, 5, ""],
    ["nothing", "", 1, 1, "name"],
    ["a name that is not the file's", BASE.replace("name: base", "name: other"), 1, 1, "'other'"],
  ])("names file, place and reason of %s", (_what, text, line, column, words) => {
    const { all, problems } = readRecipes({ "/r/base.yaml": text });
    expect(all.size).toBe(0);
    expect(problems).toMatchObject([{ file: "/r/base.yaml", line, column }]);
    expect(problems[0]?.reason).toContain(words);
  });

  it("skips only the broken recipe and those that start from it", () => {
    const { all, problems } = readRecipes({
      "/a/good.yaml": BASE.replace("base", "good"),
      "/a/child.yaml": CHILD,
      "/a/base.yaml": "a: [",
    });
    expect([...all.keys()]).toEqual(["good"]);
    expect(problems.map(({ file }) => file)).toEqual(["/a/base.yaml", "/a/child.yaml"]);
  });

  it("keeps the first of two of one name", () => {
    const { all, problems } = readRecipes({ "base.yaml": BASE, "/mine/base.yaml": BASE.replace("A base", "Mine") });
    expect(all.get("base")?.description).toBe("A base");
    expect(problems).toMatchObject([{ file: "/mine/base.yaml" }]);
  });

  it.each(["foot;reboot", "foot bar", "-o", "Foot", "a,b"])("refuses the package name %j", (name) => {
    expect(reason({ "base.yaml": BASE.replace("[foot]", JSON.stringify([name])) })).toContain("packages");
  });

  it.each(["relative/*", "/a b", "/a'b", "/a\nb"])("refuses the path pattern %j", (pattern) => {
    expect(reason({ "base.yaml": BASE.replace("[/usr/share/man/*]", JSON.stringify([pattern])) })).toContain(
      "excludes",
    );
  });

  it.each(["etc/hosts", "/etc/../root", "/etc/a b", "/etc/$(x)"])("refuses the file path %j", (path) => {
    expect(reason({ "base.yaml": `${BASE}files: [${JSON.stringify({ path, content: "" })}]` })).toContain("files");
  });

  it.each([
    ...["/etc/apt/apt.conf.d/99proxy", "/etc//apt/apt.conf", "/etc/./dpkg/dpkg.cfg", "//etc/apt/x"],
    ...["/var/lib/dpkg/info/foot.postinst", "/var/lib/apt/x", "/var/cache/apt/x"],
  ])("refuses the file %j of apt and dpkg", (path) => {
    expect(reason({ "base.yaml": `${BASE}files: [${JSON.stringify({ path, content: "" })}]` })).toContain(
      "apt or dpkg",
    );
  });

  it("refuses a recipe that starts from nothing or from itself", () => {
    expect(reason({ "child.yaml": CHILD })).toContain("there is no recipe 'base'");
    const loop = CHILD.replace("from: base", "from: child");
    expect(reason({ "child.yaml": loop })).toContain("child -> child");
  });

  it("come with Atoll and can be read", () => {
    expect(allRecipes(null).problems).toEqual([]);
    expect([...allRecipes(null).all.keys()].toSorted()).toEqual(["debian", "debian-kiosk", "debian-web"]);
    expect(recipeNamed("debian-web", null).packages).toEqual(expect.arrayContaining(["foot", "firefox-esr"]));
    expect(() => recipeNamed("nothing", null)).toThrow(AppError);
  });

  it("gives the browser policies that it can read, which take nothing away from what protects its user", () => {
    const file = recipeNamed("debian-web", null).files.find(({ path }) => path.endsWith("/policies.json"));
    const { policies } = JSON.parse(file?.content ?? "") as { policies: { Preferences: object } };
    expect(policies).toMatchObject({ Homepage: { StartPage: "none" }, FirefoxHome: { Stories: false } });
    const names = [...Object.keys(policies), ...Object.keys(policies.Preferences)];
    expect(names.filter((name) => /safe.?browsing|security|certificate|tls|ssl|extension/i.test(name))).toEqual([]);
  });

  it("may be a person's own, and start from Atoll's", () => {
    const folder = mkdtempSync(join(tmpdir(), "atoll-recipes-"));
    writeFileSync(join(folder, "mine.yaml"), "name: mine\ndescription: Mine\nfrom: debian\npackages: [vim]\n");
    writeFileSync(join(folder, "broken.yaml"), "name: broken\n");
    expect(recipeNamed("mine", folder).packages).toEqual(expect.arrayContaining(["foot", "vim"]));
    expect(() => recipeNamed("broken", folder)).toThrow(/broken\.yaml:1:1: description/);
    expect(allRecipes(join(folder, "nowhere")).problems).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
