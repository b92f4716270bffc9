/** `atoll template build`: no application is needed for it. Ctrl+C cancels, and leaves nothing half-made. */
import { escapeControls } from "#shared/model/text.ts";
import { buildTemplate, type Progress, recipeNamed, resolveCacheDir } from "../../../images/builder/index.ts";
import { recipesFolder, resolvePaths } from "../../base/paths.ts";
import { line } from "./output.ts";

/** @throws AppError template.* */
export async function buildTemplateCommand(name: string, force: boolean, json: boolean): Promise<void> {
  const cancelling = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => cancelling.abort());
  const say = (text: string): void => void process.stdout.write(text);
  const built = await buildTemplate({
    recipe: recipeNamed(name, recipesFolder(resolvePaths())),
    cacheDir: resolveCacheDir(),
    force,
    signal: cancelling.signal,
    onProgress: (progress) => say(json ? line(progress) : `${escapeControls(words(progress))}\n`),
  });
  const { recipeHash, sizeBytes, dir } = built;
  say(
    json
      ? line({ name, built: true, recipeHash, sizeBytes })
      : `${name} is built: ${Math.round(sizeBytes / 1_048_576)} MiB in ${dir}\n`,
  );
}

function words({ step, fraction, detail }: Progress): string {
  return `${fraction === null ? "    " : `${String(Math.floor(fraction * 100)).padStart(3)} %`}  ${step} ${detail}`.trimEnd();
}
