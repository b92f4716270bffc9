/** The template builder's door: what the application may use of it. */
export { buildTemplate } from "./build-template.ts";
export { cachePaths, resolveCacheDir } from "./cache-dir.ts";
export { makeInitrd, PROGRAMS } from "./initrd.ts";
export type { Progress } from "./progress.ts";
export { allRecipes, recipeNamed } from "./recipes.ts";
export { listTemplates, readTemplate, templateStatus, type TemplateStatus } from "./template.ts";
