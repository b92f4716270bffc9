/** Which build of a template a VM starts with. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cachePaths, type Recipe, templateStatus } from "../../../images/builder/index.ts";
import { templateOf } from "./templates.ts";

const recipe: Recipe = {
  name: "antivirus",
  description: "A service",
  suite: "trixie",
  ...{ packages: [], excludes: [], includes: [], files: [] },
  ...{ memoryMiB: 512, cpus: 1, diskMiB: 1024 },
};

let cacheDir: string;
beforeEach(() => void (cacheDir = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-templates-"))));
afterEach(() => fs.rmSync(cacheDir, { recursive: true }));

/** A build, in the folder of that name. */
function build(folder: string, buildId: string): void {
  const where = path.join(cachePaths(cacheDir).templatesDir, folder);
  fs.mkdirSync(where, { recursive: true });
  const about = { name: recipe.name, recipeHash: folder, buildId, kernelVersion: "6.12", sizeBytes: 1 };
  const machine = { memoryMiB: 512, cpus: 1, diskMiB: 1024, builtAt: new Date().toISOString() };
  fs.writeFileSync(path.join(where, "template.json"), JSON.stringify({ ...about, ...machine }));
}

/** The id of the build that it starts with, where its disk is based on that one. */
async function startsWith(boundBuild: string | null, service: string | null = "antivirus"): Promise<string> {
  const services = { recipe: () => recipe, start: () => Promise.reject(new Error("it is not started")) };
  const folders = { recipesFolder: cacheDir, services };
  const definition = { template: recipe.name, service: service ?? undefined };
  const template = await templateOf(definition, boundBuild, folders, cacheDir);
  return template.buildId;
}

const OLD = "0a0a0a0a-0000-4000-8000-000000000000";
const NEW = "0b0b0b0b-0000-4000-8000-000000000000";

it("of a service it is that of its manifest, whatever its disk is based on", async () => {
  const { recipeHash } = await templateStatus(recipe, cacheDir);
  build("old", OLD);
  await expect(startsWith("old")).rejects.toMatchObject({ code: "template.not-built" });
  build(recipeHash, NEW);
  expect(await startsWith(null)).toBe(NEW);
  expect(await startsWith("old")).toBe(NEW);
});

it("of another VM it is the one that its disk is based on, which has to be there", async () => {
  build("old", OLD);
  expect(await startsWith("old", null)).toBe(OLD);
  await expect(startsWith("gone", null)).rejects.toMatchObject({ code: "template.build-gone" });
});
