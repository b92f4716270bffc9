/** Recipes of templates: what a person writes (YAML), checked, and joined with the recipe that it starts from. */
import { AppError } from "#shared/model/app-error.ts";
import { parse } from "yaml";
import { z } from "zod";

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "lower case letters, digits and hyphens, at most 31");
/** Debian policy 5.6.1. */
const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "not a Debian package name");
/** A dpkg pattern: it ends up in a configuration file, so it is one word. */
const pathPattern = z.string().regex(/^\/[^\s"'\\]+$/, "an absolute path pattern without spaces");
const filePath = z
  .string()
  .regex(/^\/[\w./+-]+$/, "an absolute path of plain characters")
  .refine((path) => !path.split("/").includes(".."), "must not contain '..'");

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
};

const numbers = {
  memoryMiB: z.int().min(128).max(1_048_576),
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

/** A recipe with everything in it that its template is made from. */
export type Recipe = z.infer<typeof wholeRecipe>;
type ExtendingRecipe = z.infer<typeof extendingRecipe>;

/**
 * @param sources file name (without folder) -> YAML text
 * @returns recipes by name, each joined with what it extends
 * @throws AppError template.bad-recipe: which file, which field, why
 */
export function readRecipes(sources: Readonly<Record<string, string>>): Map<string, Recipe> {
  const parsed = new Map<string, Recipe | ExtendingRecipe>();
  for (const [source, text] of Object.entries(sources)) {
    const recipe = readRecipe(source, text);
    if (`${recipe.name}.yaml` !== source) throw badRecipe(source, `its name is '${recipe.name}', its file's is not`);
    parsed.set(recipe.name, recipe);
  }
  return new Map([...parsed.keys()].map((key) => [key, joined(key, parsed, [])]));
}

function readRecipe(source: string, text: string): Recipe | ExtendingRecipe {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw badRecipe(source, cause instanceof Error ? cause.message : String(cause));
  }
  const extendsOther = typeof document === "object" && document !== null && "from" in document;
  const result = (extendsOther ? extendingRecipe : wholeRecipe).safeParse(document);
  if (!result.success) throw badRecipe(source, z.prettifyError(result.error));
  return result.data;
}

function joined(key: string, all: ReadonlyMap<string, Recipe | ExtendingRecipe>, seen: readonly string[]): Recipe {
  const recipe = all.get(key);
  const user = `${seen.at(-1) ?? key}.yaml`;
  if (recipe === undefined) throw badRecipe(user, `it starts from '${key}', which does not exist`);
  if (seen.includes(key)) throw badRecipe(user, `it starts from itself: ${[...seen, key].join(" -> ")}`);
  if (!("from" in recipe)) return recipe;
  const base = joined(recipe.from, all, [...seen, key]);
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
  };
}

function badRecipe(source: string, reason: string): AppError {
  return new AppError("template.bad-recipe", `The recipe ${source} cannot be used: ${reason}`, { source, reason });
}
