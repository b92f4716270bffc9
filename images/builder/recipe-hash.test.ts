import { describe, expect, it } from "vitest";
import { recipeHash } from "./recipe-hash.ts";
import { recipeNamed } from "./recipes.ts";

const recipe = recipeNamed("debian", null);

describe("the hash of a recipe", () => {
  it("is the same for the same content in another order of keys", () => {
    const reordered = Object.fromEntries(Object.entries(recipe).toReversed()) as typeof recipe;
    expect(recipeHash(reordered)).toBe(recipeHash(recipe));
    expect(recipeHash(recipe)).toMatch(/^[0-9a-f]{20}$/);
  });

  it("changes with every part of the recipe", () => {
    const variants = [
      recipe,
      { ...recipe, packages: [...recipe.packages, "vim-tiny"] },
      { ...recipe, excludes: [] },
      { ...recipe, diskMiB: recipe.diskMiB + 1 },
      { ...recipe, files: [] },
    ];
    expect(new Set(variants.map(recipeHash)).size).toBe(variants.length);
  });
});
