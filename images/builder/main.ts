/**
 * The builder as a program of its own, for the set-up scripts:
 *   template-builder build NAME|PATH/service.yaml [--force] [--progress json]
 *   template-builder list
 *   template-builder initrd NAME AGENT_FOLDER
 * Answers are JSON, one document per line; progress goes to standard output too and has a `step`. Exit: 0, 1, 2 as the CLI.
 */
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { parseArgs } from "node:util";
import { buildTemplate } from "./build-template.ts";
import { resolveCacheDir } from "./cache-dir.ts";
import { makeInitrd } from "./initrd.ts";
import type { Progress } from "./progress.ts";
import { allRecipes, recipeNamed, recipeOfManifest } from "./recipes.ts";
import { listTemplates, templateStatus, type Template } from "./template.ts";

const USAGE =
  "usage: template-builder build NAME|PATH/service.yaml [--force] [--progress json|text] | list | initrd NAME AGENT_FOLDER\n";

function say(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

function sayProgress({ step, fraction, detail }: Progress): void {
  const percent = fraction === null ? "" : `${Math.floor(fraction * 100)} % `;
  process.stdout.write(`${percent}${step} ${detail}\n`);
}

async function build(name: string, force: boolean, asJson: boolean): Promise<void> {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => controller.abort());
  const template = await buildTemplate({
    recipe: name.endsWith(".yaml") ? recipeOfManifest(name) : recipeNamed(name, null),
    cacheDir: resolveCacheDir(),
    force,
    signal: controller.signal,
    onProgress: asJson ? say : sayProgress,
  });
  if (asJson) say({ template });
}

async function builtTemplate(name: string): Promise<Template> {
  const { built } = await templateStatus(recipeNamed(name, null), resolveCacheDir());
  if (built !== null) return built;
  throw new AppError("template.not-built", `The template '${name}' is not built yet.`, { template: name });
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { force: { type: "boolean", default: false }, progress: { type: "string", default: "text" } },
  });
  const [command, name, agentFolder] = positionals;
  if (command === "build" && name !== undefined) {
    await build(name, values.force, values.progress === "json");
  } else if (command === "list") {
    for (const status of await listTemplates(allRecipes(null), resolveCacheDir())) say(status);
  } else if (command === "initrd" && name !== undefined && agentFolder !== undefined) {
    const { modulesDir } = await builtTemplate(name);
    say({ initrd: await makeInitrd({ modulesDir, agentFolder }, resolveCacheDir()) });
  } else {
    process.stderr.write(USAGE);
    return 2;
  }
  return 0;
}

try {
  process.exitCode = await run();
} catch (error) {
  process.stderr.write(`${JSON.stringify({ error: toErrorValue(error) })}\n`);
  process.exitCode = 1;
}
