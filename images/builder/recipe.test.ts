import { AppError } from "#shared/model/app-error.ts";
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
  try {
    readRecipes(sources);
  } catch (error) {
    if (error instanceof AppError && error.code === "template.bad-recipe") return String(error.details["reason"]);
    throw error;
  }
  return "accepted";
}

describe("recipes", () => {
  it("joins a recipe with the one that it starts from", () => {
    const child = readRecipes({ "base.yaml": BASE, "child.yaml": CHILD }).get("child");
    expect(child).toMatchObject({ suite: "trixie", packages: ["foot", "xterm"], memoryMiB: 1024, cpus: 2 });
    expect(child?.excludes).toEqual(["/usr/share/man/*"]);
  });

  it("names file, field and reason of what is wrong", () => {
    expect(reason({ "base.yaml": BASE.replace("cpus: 2", "cpus: many") })).toContain("cpus");
    expect(reason({ "base.yaml": BASE.replace("cpus: 2", "cpu: 2") })).toContain("cpu");
    expect(reason({ "base.yaml": "a: [" })).not.toBe("accepted");
    expect(reason({ "base.yaml": "" })).not.toBe("accepted");
    expect(reason({ "other.yaml": BASE })).toContain("base");
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

  it("refuses a recipe that starts from nothing or from itself", () => {
    expect(reason({ "child.yaml": CHILD })).toContain("'base', which does not exist");
    const loop = CHILD.replace("from: base", "from: child");
    expect(reason({ "child.yaml": loop })).toContain("child -> child");
  });

  it("come with Atoll and can be read", () => {
    expect([...allRecipes().keys()].toSorted()).toEqual(["debian", "debian-web"]);
    expect(recipeNamed("debian-web").packages).toEqual(expect.arrayContaining(["foot", "firefox-esr"]));
    expect(() => recipeNamed("nothing")).toThrow(AppError);
  });
});
