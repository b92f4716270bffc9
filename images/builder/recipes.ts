/** The recipes that come with Atoll; Vite puts their text into the bundle. */
import { AppError } from "#shared/model/app-error.ts";
import { basename } from "node:path";
import { readRecipes, type Recipe } from "./recipe.ts";

const sources = import.meta.glob<string>("../recipes/*.yaml", { query: "?raw", import: "default", eager: true });

export function allRecipes(): Map<string, Recipe> {
  return readRecipes(Object.fromEntries(Object.entries(sources).map(([path, text]) => [basename(path), text])));
}

/** @throws AppError template.not-found */
export function recipeNamed(name: string): Recipe {
  const recipes = allRecipes();
  const recipe = recipes.get(name);
  if (recipe === undefined) {
    const known = [...recipes.keys()];
    throw new AppError("template.not-found", `There is no template '${name}'; there are ${known.join(", ")}.`, {
      name,
      known,
    });
  }
  return recipe;
}
