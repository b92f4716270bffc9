/** `atoll template build`: no application is needed for it. Ctrl+C cancels, and leaves nothing half-made. */
import { buildTemplate, type Progress, recipeNamed, resolveCacheDir } from "../../../images/builder/index.ts";
import { recipesFolder, resolvePaths } from "../../base/paths.ts";

/** @throws AppError template.* */
export async function buildTemplateCommand(name: string, force: boolean, json: boolean): Promise<void> {
  const cancelling = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => cancelling.abort());
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const built = await buildTemplate({
    recipe: recipeNamed(name, recipesFolder(resolvePaths())),
    cacheDir: resolveCacheDir(),
    force,
    signal: cancelling.signal,
    onProgress: (progress) => say(json ? JSON.stringify(progress) : words(progress)),
  });
  const { recipeHash, sizeBytes, dir } = built;
  say(
    json
      ? JSON.stringify({ name, built: true, recipeHash, sizeBytes })
      : `${name} is built: ${Math.round(sizeBytes / 1_048_576)} MiB in ${dir}`,
  );
}

function words({ step, fraction, detail }: Progress): string {
  return `${fraction === null ? "    " : `${String(Math.floor(fraction * 100)).padStart(3)} %`}  ${step} ${detail}`.trimEnd();
}
