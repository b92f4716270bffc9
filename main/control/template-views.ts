/** Templates as `atoll template list --json` shows them. */
import type { TemplateView } from "#shared/ipc/control.ts";
import type { FileProblem } from "#shared/model/yaml-file.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { allRecipes } from "../../images/builder/recipes.ts";
import { listTemplates } from "../../images/builder/template.ts";

/** @param recipesFolder a person's own recipes */
export async function templateViews(
  recipesFolder: string,
): Promise<{ templates: TemplateView[]; problems: FileProblem[] }> {
  const recipes = allRecipes(recipesFolder);
  const templates = await listTemplates(recipes, resolveCacheDir());
  return {
    templates: templates.map(({ recipe, recipeHash, built }) => ({
      name: recipe.name,
      description: recipe.description,
      built: built !== null,
      sizeBytes: built?.sizeBytes ?? null,
      recipeHash,
    })),
    problems: recipes.problems,
  };
}
