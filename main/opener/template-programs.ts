/** Which programs templates have, as their builds wrote it down. */
import { allRecipes, listTemplates, resolveCacheDir } from "../../images/builder/index.ts";

export interface TemplatePrograms {
  readonly name: string;
  /** Name of the first program for each type, as desktop entries name types. */
  readonly programs: ReadonlyMap<string, string>;
}

/** Of those that are built, by name. @param recipesFolder a person's own recipes */
export async function templatePrograms(recipesFolder: string): Promise<TemplatePrograms[]> {
  const templates = await listTemplates(allRecipes(recipesFolder), resolveCacheDir());
  const built = templates.flatMap(({ recipe: { name }, built: build }) =>
    build === null ? [] : [{ name, programs: new Map(Object.entries(build.programs)) }],
  );
  return built.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}
