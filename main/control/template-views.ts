/** Templates as `atoll template list --json` shows them. */
import type { TemplateView } from "#shared/model/template.ts";
import type { FileProblem } from "#shared/model/yaml-file.ts";
import { allRecipes, listTemplates, resolveCacheDir, type TemplateStatus } from "../../images/builder/index.ts";

/** @param recipesFolder a person's own recipes */
export async function templateViews(
  recipesFolder: string,
): Promise<{ templates: TemplateView[]; problems: FileProblem[] }> {
  const recipes = allRecipes(recipesFolder);
  const templates = await listTemplates(recipes, resolveCacheDir());
  return {
    templates: templates.toSorted(byName).map(({ recipe, recipeHash, built }) => ({
      name: recipe.name,
      description: recipe.description,
      built: built !== null,
      sizeBytes: built?.sizeBytes ?? null,
      recipeHash,
      memoryMiB: recipe.memoryMiB,
      cpus: recipe.cpus,
    })),
    problems: recipes.problems,
  };
}

function byName(one: TemplateStatus, other: TemplateStatus): number {
  return one.recipe.name < other.recipe.name ? -1 : 1;
}
