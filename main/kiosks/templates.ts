/** What kiosks need to know of templates. */
import { allRecipes, listTemplates, resolveCacheDir } from "../../images/builder/index.ts";
import type { KioskTemplate } from "./kiosks.ts";

/** @param recipesFolder a person's own recipes */
export async function kioskTemplates(recipesFolder: string): Promise<ReadonlyMap<string, KioskTemplate>> {
  const templates = await listTemplates(allRecipes(recipesFolder), resolveCacheDir());
  return new Map(
    templates.map(({ recipe, built }) => [recipe.name, { isBuilt: built !== null, memoryMiB: recipe.memoryMiB }]),
  );
}
