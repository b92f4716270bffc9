/** The recipes that come with Atoll (Vite puts their text into the bundle), and a person's own. */
import { AppError } from "#shared/model/app-error.ts";
import { type FileProblem, problemWords, readYaml, unreadable } from "#shared/model/yaml-file.ts";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { extended, readRecipes, type Recipe, type Recipes, type ServiceImage, serviceImage } from "./recipe.ts";

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

/** Of a manifest, what its image is made from; the rest of it is the application's to check. */
const imageOfManifest = z.looseObject({
  name: z.string(),
  description: z.string(),
  memory: z.int(),
  cpus: z.int().default(1),
  image: serviceImage,
});

/**
 * The recipe of the image of a service that comes with Atoll, for set-up: the same as the application makes of its manifest.
 *
 * @param file path of the `service.yaml`
 * @throws AppError template.bad-recipe
 */
export function recipeOfManifest(file: string): Recipe {
  const read = readYaml(imageOfManifest, readFileSync(file, "utf8"), file);
  if (!read.ok) {
    const { problem } = read;
    throw new AppError("template.bad-recipe", `${problemWords(problem)}. Fix the manifest.`, {
      name: file,
      ...problem,
    });
  }
  const { name, description, memory, cpus, image } = read.value;
  return serviceRecipe(image, { name, description: description.slice(0, 200), memoryMiB: memory, cpus }, null);
}

function recipeFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith(".yaml") && !name.startsWith("."));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return []; // there is no such folder
  }
}
