/** The template builder's door: what the application may use of it. */
export { buildTemplate } from "./build-template.ts";
export { cachePaths, resolveCacheDir } from "./cache-dir.ts";
export { makeInitrd, type ProgramFile, PROGRAMS } from "./initrd.ts";
export type { Progress } from "./progress.ts";
export { recipeHash } from "./recipe-hash.ts";
export { type Recipe, serviceImage } from "./recipe.ts";
export { allRecipes, recipeNamed, serviceRecipe } from "./recipes.ts";
export { listTemplates, readTemplate, type Template, templateStatus, type TemplateStatus } from "./template.ts";
