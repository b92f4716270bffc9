/** Templates as `atoll template list --json` shows them. */
import type { TemplateView } from "#shared/ipc/control.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { listTemplates } from "../../images/builder/template.ts";

export async function templateViews(): Promise<TemplateView[]> {
  const templates = await listTemplates(resolveCacheDir());
  return templates.map(({ recipe, recipeHash, built }) => ({
    name: recipe.name,
    description: recipe.description,
    built: built !== null,
    sizeBytes: built?.sizeBytes ?? null,
    recipeHash,
  }));
}
