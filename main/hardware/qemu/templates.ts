/** Templates for the drivers: which build a VM stands on, and the initrd with today's agent. */
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import { cachePaths, resolveCacheDir } from "../../../images/builder/cache-dir.ts";
import { makeInitrd } from "../../../images/builder/initrd.ts";
import { recipeNamed } from "../../../images/builder/recipes.ts";
import { readTemplate, templateStatus } from "../../../images/builder/template.ts";
import type { QemuDefinition } from "../../vms/definition.ts";
import { buildGone, type QemuVm } from "./driver.ts";

export interface TemplateFolders {
  /** Of the guests' programs: PROGRAMS of images/builder/initrd.ts. */
  agentFolder: string;
  /** A person's own recipes. */
  recipesFolder: string;
}

/** @throws AppError template.not-built, template.build-gone, template.not-found, template.bad-recipe */
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
    throw boundBuild === null
      ? new AppError(
          "template.not-built",
          `Template "${definition.template}" is not built yet: run "atoll template build ${definition.template}".`,
          { template: definition.template },
        )
      : buildGone(boundBuild);
  }
  const initrd = await makeInitrd({ modulesDir: template.modulesDir, agentFolder }, cacheDir);
  return {
    hostname: definition.name,
    memoryMiB: definition.memory ?? template.memoryMiB,
    cpus: definition.cpus,
    templateCpus: template.cpus,
    template: {
      build: path.basename(template.dir),
      buildId: template.buildId,
      baseImage: template.rootImage,
      kernel: template.vmlinux,
      initrd,
    },
  };
}
