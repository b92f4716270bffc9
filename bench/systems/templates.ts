/** The images that the benches' guests are based on; made in Atoll's cache unless they are there. */
import fs from "node:fs";
import path from "node:path";
import { buildTemplate } from "../../images/builder/build-template.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { readRecipes } from "../../images/builder/recipe.ts";
import type { Template } from "../../images/builder/template.ts";
import { checkout } from "../../scripts/setup/paths.mjs";

const SOURCES = {
  debian: path.join(checkout, "images/recipes/debian.yaml"),
  "debian-vnc": path.join(checkout, "bench/systems/debian-vnc.yaml"),
} as const;

export async function builtTemplate(
  name: keyof typeof SOURCES,
  signal: AbortSignal,
  onProgress: (words: string) => void,
): Promise<Template> {
  const texts = Object.entries(SOURCES).map(([recipe, file]) => [`${recipe}.yaml`, fs.readFileSync(file, "utf8")]);
  const recipe = readRecipes(Object.fromEntries(texts) as Record<string, string>).all.get(name);
  if (recipe === undefined) throw new Error(`there is no recipe ${name}`);
  let said = "";
  return buildTemplate({
    recipe,
    cacheDir: resolveCacheDir(),
    signal,
    onProgress: ({ step, fraction }) => {
      const words = `template ${name}: ${step}${fraction === null ? "" : ` ${Math.floor(fraction * 10)}0 %`}`;
      if (words !== said) onProgress(words);
      said = words;
    },
  });
}
