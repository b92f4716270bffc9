/** Templates for the drivers: which build a VM stands on, and the initrd with today's agent. */
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import { cachePaths, resolveCacheDir } from "../../../images/builder/cache-dir.ts";
import { makeInitrd } from "../../../images/builder/initrd.ts";
import { recipeNamed } from "../../../images/builder/recipes.ts";
import { readTemplate, templateStatus } from "../../../images/builder/template.ts";
import type { QemuDefinition } from "../../vms/definition.ts";
import type { QemuVm } from "./driver.ts";

export interface TemplateFolders {
  /** Holds atoll-agent and atoll-init. */
  agentFolder: string;
  /** A person's own recipes. */
  recipesFolder: string;
}

/** @throws AppError template.not-built, template.not-found, template.bad-recipe */
export async function describeQemuVm(
  definition: QemuDefinition,
  boundBuild: string | null,
  { agentFolder, recipesFolder }: TemplateFolders,
): Promise<QemuVm> {
  const cacheDir = resolveCacheDir();
  const template =
    boundBuild === null
      ? (await templateStatus(recipeNamed(definition.template, recipesFolder), cacheDir)).built
      : await readTemplate(path.join(cachePaths(cacheDir).templatesDir, boundBuild));
  if (template === null) {
    throw new AppError(
      "template.not-built",
      boundBuild === null
        ? `Template "${definition.template}" is not built yet: run "atoll template build ${definition.template}".`
        : `The disk of "${definition.name}" stands on build ${boundBuild} of "${definition.template}", which is no longer in the cache.`,
      { template: definition.template, build: boundBuild },
    );
  }
  const initrd = await makeInitrd(
    {
      modulesDir: template.modulesDir,
      initBinary: path.join(agentFolder, "atoll-init"),
      agentBinary: path.join(agentFolder, "atoll-agent"),
    },
    cacheDir,
  );
  return {
    hostname: definition.name,
    memoryMiB: definition.memory ?? template.memoryMiB,
    cpus: definition.cpus ?? template.cpus,
    template: { build: path.basename(template.dir), baseImage: template.rootImage, kernel: template.vmlinux, initrd },
  };
}
