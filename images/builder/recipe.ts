/** Recipes of templates: what a person writes (YAML), checked, and joined with the recipe that it starts from. */
import { LEAST_MEMORY_WORDS, VM_MEMORY_MIB } from "#shared/model/vm.ts";
import { type FileProblem, readYaml, type YamlResult } from "#shared/model/yaml-file.ts";
import { basename, posix } from "node:path";
import { z } from "zod";

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "lower case letters, digits and hyphens, at most 31");
/** Debian policy 5.6.1. */
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "not a Debian package name");
/** A dpkg pattern: it ends up in a configuration file, so it is one word. */
const pathPattern = z.string().regex(/^\/[^\s"'\\]+$/, "an absolute path pattern without spaces");
/** Settings and lists by which the host's apt and dpkg, which make the new root, would run programs. */
const OF_PACKAGES = /^\/+(etc|var\/lib|var\/cache)\/(apt|dpkg)(\/|$)/;
const filePath = z
  .string()
  .regex(/^\/[\w./+-]+$/, "an absolute path of plain characters")
  .refine((path) => !path.split("/").includes(".."), "must not contain '..'")
  .refine(
    (path) => !OF_PACKAGES.test(posix.normalize(path)),
    "belongs to apt or dpkg, which run outside of the new root",
  );

/** As the kernel names it, with "_" or "-". */
const moduleName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,60}$/, "not the name of a kernel module");

const file = z.strictObject({
  path: filePath,
  content: z.string(),
  /** Octal, as a string: "0644". Files under /home/user belong to the user, all others to root. */
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/)
    .default("0644"),
});

const lists = {
  packages: z.array(packageName).default([]),
  excludes: z.array(pathPattern).default([]),
  includes: z.array(pathPattern).default([]),
  files: z.array(file).default([]),
  /** Kernel modules beside those that each guest has, inserted with those that they need. */
  modules: z.array(moduleName).optional(),
};

const numbers = {
  memoryMiB: z.int().min(VM_MEMORY_MIB.min, LEAST_MEMORY_WORDS).max(VM_MEMORY_MIB.max),
  cpus: z.int().min(1).max(256),
  diskMiB: z.int().min(512).max(16_777_216),
};

const about = { name, description: z.string().min(1).max(200) };

const wholeRecipe = z.strictObject({ ...about, suite: z.enum(["trixie"]), ...lists, ...numbers });
const extendingRecipe = z.strictObject({
  ...about,
  from: name,
  ...lists,
  memoryMiB: numbers.memoryMiB.optional(),
  cpus: numbers.cpus.optional(),
  diskMiB: numbers.diskMiB.optional(),
});

/** The image of a service, as its manifest has it: a recipe whose name, memory and processors are the service's. */
export const serviceImage = z.union(
  [
    z.strictObject({ suite: z.enum(["trixie"]), ...lists, diskMiB: numbers.diskMiB }),
    z.strictObject({ from: name, ...lists, diskMiB: numbers.diskMiB.optional() }),
  ],
  {
    error: 'a recipe: either "suite" and "diskMiB", or "from"; no name, memory or processors, which are the service\'s',
  },
);
export type ServiceImage = z.infer<typeof serviceImage>;

/** A recipe with everything in it that its template is made from. */
export type Recipe = z.infer<typeof wholeRecipe>;
type ExtendingRecipe = z.infer<typeof extendingRecipe>;

export interface Recipes {
  /** By name, each joined with what it starts from. */
  all: ReadonlyMap<string, Recipe>;
  /** A broken file costs its recipe, and those that start from it. */
  problems: FileProblem[];
}

/** @param sources path -> YAML text; of two files of one name the first counts */
export function readRecipes(sources: Readonly<Record<string, string>>): Recipes {
  const problems: FileProblem[] = [];
  const parsed = new Map<string, Parsed>();
  for (const [source, text] of Object.entries(sources)) {
    const read = readRecipe(text, source);
    if (!read.ok) {
      problems.push(read.problem);
      continue;
    }
    const { name } = read.value;
    if (`${name}.yaml` !== basename(source)) problems.push(atName(source, `it is '${name}', and its file's is not`));
    else if (parsed.has(name)) problems.push(atName(source, `there is a recipe '${name}' already`));
    else parsed.set(name, { source, recipe: read.value });
  }
  const all = new Map<string, Recipe>();
  for (const [key, { source }] of parsed) {
    const whole = joined(key, parsed, []);
    if (typeof whole === "string") problems.push({ file: source, line: 1, column: 1, reason: `from: ${whole}` });
    else all.set(key, whole);
  }
  return { all, problems };
}

interface Parsed {
  source: string;
  recipe: Recipe | ExtendingRecipe;
}

function readRecipe(text: string, source: string): YamlResult<Recipe | ExtendingRecipe> {
  const isExtending = readYaml(z.looseObject({ from: z.unknown() }), text, source);
  return isExtending.ok && isExtending.value.from !== undefined
    ? readYaml(extendingRecipe, text, source)
    : readYaml(wholeRecipe, text, source);
}

function atName(file: string, reason: string): FileProblem {
  return { file, line: 1, column: 1, reason: `name: ${reason}` };
}

/** The recipe with all that it starts from, or why there is none. */
function joined(key: string, all: ReadonlyMap<string, Parsed>, seen: readonly string[]): Recipe | string {
  const recipe = all.get(key)?.recipe;
  if (recipe === undefined) return `there is no recipe '${key}'`;
  if (seen.includes(key)) return `it starts from itself: ${[...seen, key].join(" -> ")}`;
  if (!("from" in recipe)) return recipe;
  const base = joined(recipe.from, all, [...seen, key]);
  return typeof base === "string" ? base : extended(base, recipe);
}

/** @param recipe starts from `base` */
export function extended(base: Recipe, recipe: ExtendingRecipe): Recipe {
  const modules = [...new Set([...(base.modules ?? []), ...(recipe.modules ?? [])])];
  return {
    name: recipe.name,
    description: recipe.description,
    suite: base.suite,
    packages: [...new Set([...base.packages, ...recipe.packages])],
    excludes: [...base.excludes, ...recipe.excludes],
    includes: [...base.includes, ...recipe.includes],
    files: [...base.files, ...recipe.files],
    memoryMiB: recipe.memoryMiB ?? base.memoryMiB,
    cpus: recipe.cpus ?? base.cpus,
    diskMiB: recipe.diskMiB ?? base.diskMiB,
    // Absent where there are none: a recipe is known by all that is in it.
    ...(modules.length === 0 ? {} : { modules }),
  };
}
