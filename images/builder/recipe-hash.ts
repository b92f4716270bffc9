/** Names a template by what it is made from: the same recipe and builder give the same hash, everywhere. */
import { createHash } from "node:crypto";
import { BUILDER_VERSION } from "./builder-version.ts";
import { customizeScript, imageScript } from "./hooks.ts";
import { GUEST_MODULES } from "./kernel-modules.ts";
import type { Recipe } from "./recipe.ts";

/** @returns 20 hexadecimal digits */
export function recipeHash(recipe: Recipe): string {
  const ingredients = [BUILDER_VERSION, recipe, customizeScript(recipe), imageScript(recipe), GUEST_MODULES];
  return createHash("sha256").update(JSON.stringify(ingredients, sortKeys)).digest("hex").slice(0, 20);
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
