/** The recipes that come with Atoll (Vite puts their text into the bundle), and a person's own. */
import { AppError } from "#shared/model/app-error.ts";
import { type FileProblem, problemWords, unreadable } from "#shared/model/yaml-file.ts";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { extended, readRecipes, type Recipe, type Recipes, type ServiceImage } from "./recipe.ts";

const bundled = import.meta.glob<string>("../recipes/*.yaml", { query: "?raw", import: "default", eager: true });

/** @param folder a person's own, `NAME.yaml` each; it need not exist. null: Atoll's alone */
export function allRecipes(folder: string | null): Recipes {
  const sources = Object.fromEntries(Object.entries(bundled).map(([path, text]) => [basename(path), text]));
  const unread: FileProblem[] = [];
  for (const file of folder === null ? [] : recipeFiles(folder)) {
    try {
      sources[file] = readFileSync(file, "utf8");
    } catch (error) {
      unread.push(unreadable(file, error));
    }
  }
  const { all, problems } = readRecipes(sources);
  return { all, problems: [...problems, ...unread] };
}

/** @throws AppError template.not-found, template.bad-recipe (which file, which place, why) */
export function recipeNamed(name: string, folder: string | null): Recipe {
  const { all, problems } = allRecipes(folder);
  const recipe = all.get(name);
  if (recipe !== undefined) return recipe;
  const problem = problems.find(({ file }) => basename(file) === `${name}.yaml`);
  if (problem !== undefined)
    throw new AppError("template.bad-recipe", `${problemWords(problem)}. Fix the recipe.`, { name, ...problem });
  const known = [...all.keys()];
  throw new AppError("template.not-found", `There is no template '${name}'; there are ${known.join(", ")}.`, {
    name,
    known,
  });
}

/**
 * The recipe of a service's image.
 *
 * @param about the service's own
 * @param folder of a person's own recipes, see allRecipes
 * @throws AppError template.not-found, template.bad-recipe: of the one that it starts from
 */
export function serviceRecipe(
  image: ServiceImage,
  about: Pick<Recipe, "name" | "description" | "memoryMiB" | "cpus">,
  folder: string | null,
): Recipe {
  if (!("from" in image)) return { ...about, ...image };
  return extended(recipeNamed(image.from, folder), { ...about, ...image });
}

function recipeFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".yaml") && !name.startsWith("."));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return []; // there is no such folder
  }
}
