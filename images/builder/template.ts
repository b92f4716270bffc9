/** Built templates: what lies in a template's folder, and which of them a recipe has now. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cachePaths } from "./cache-dir.ts";
import { recipeHash } from "./recipe-hash.ts";
import type { Recipe, Recipes } from "./recipe.ts";

/** `template.json`. */
const templateFile = z
  .object({
    name: z.string(),
    recipeHash: z.string(),
    /** Of this build alone: one that is made again in the same folder has other bytes. Builds before it was written have none. */
    buildId: z.string().min(1).optional(),
    kernelVersion: z.string(),
    /** Bytes that the template takes on the host's disk. */
    sizeBytes: z.int(),
    memoryMiB: z.int(),
    cpus: z.int(),
    diskMiB: z.int(),
    /** Name of a program for each MIME type, and x-scheme-handler/SCHEME. Builds before it was written have none. */
    programs: z.record(z.string(), z.string()).default({}),
    /** ISO 8601. */
    builtAt: z.string(),
  })
  .transform((file) => ({ ...file, buildId: file.buildId ?? file.builtAt }));

export type TemplateFile = z.infer<typeof templateFile>;

export interface Template extends TemplateFile {
  /** The folder; never changes once it is there. */
  dir: string;
  /** Raw ext4, the read-only base of overlays. */
  rootImage: string;
  /** ELF kernel for PVH boot. */
  vmlinux: string;
  /** Folder of .ko files with their `order`. */
  modulesDir: string;
}

export interface TemplateStatus {
  recipe: Recipe;
  recipeHash: string;
  /** The newest template of exactly this recipe, or null. */
  built: Template | null;
}

export const TEMPLATE_FILE = "template.json";

/** Status of every recipe. */
export async function listTemplates(recipes: Recipes, cacheDir: string): Promise<TemplateStatus[]> {
  return Promise.all([...recipes.all.values()].map((recipe) => templateStatus(recipe, cacheDir)));
}

export async function templateStatus(recipe: Recipe, cacheDir: string): Promise<TemplateStatus> {
  const hash = recipeHash(recipe);
  const newest = (await buildsOf(hash, cacheDir)).at(-1);
  return { recipe, recipeHash: hash, built: newest === undefined ? null : await readTemplate(newest) };
}

/** @returns the template in `dir`, or null when there is none that can be read */
export async function readTemplate(dir: string): Promise<Template | null> {
  const parsed = await readFile(join(dir, TEMPLATE_FILE), "utf8").then(
    (text) => templateFile.safeParse(parseJson(text)),
    () => null,
  );
  if (!parsed?.success) return null;
  return {
    ...parsed.data,
    dir,
    rootImage: join(dir, "root.img"),
    vmlinux: join(dir, "vmlinux"),
    modulesDir: join(dir, "modules"),
  };
}

/**
 * Folders of the builds of a hash, oldest first: `HASH`, then `HASH-2`, `HASH-3`, ... A forced build never replaces a
 * folder, as overlays of VMs are based on it.
 */
export async function buildsOf(hash: string, cacheDir: string): Promise<string[]> {
  const { templatesDir } = cachePaths(cacheDir);
  const names = await readdir(templatesDir).catch(() => []);
  return names
    .filter((name) => name === hash || new RegExp(`^${hash}-[0-9]+$`).test(name))
    .toSorted((a, b) => buildNumber(a) - buildNumber(b))
    .map((name) => join(templatesDir, name));
}

export function nextBuildName(hash: string, builds: readonly string[]): string {
  const last = builds.at(-1);
  return last === undefined ? hash : `${hash}-${buildNumber(last) + 1}`;
}

function buildNumber(name: string): number {
  return Number(/-([0-9]+)$/.exec(name)?.[1] ?? 1);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
