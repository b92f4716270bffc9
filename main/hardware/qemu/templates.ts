/** Templates for the driver: the build that a VM's disk is based on, and an initrd with the current agent. */
import fs from "node:fs";
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import {
  cachePaths,
  makeInitrd,
  readTemplate,
  recipeNamed,
  resolveCacheDir,
  templateStatus,
} from "../../../images/builder/index.ts";
import type { QemuDefinition } from "./definition.ts";
import { buildGone } from "./disk.ts";
import type { QemuDriverOptions } from "./driver.ts";
import type { QemuVm } from "./launch.ts";

export interface TemplateFolders {
  /** Of the guests' programs: PROGRAMS of images/builder/initrd.ts. Asked for at each start. */
  agentFolder: () => string;
  /** A person's own recipes. */
  recipesFolder: string;
}

export function qemuTemplates(folders: TemplateFolders): Omit<QemuDriverOptions, "guestNetwork"> {
  return {
    describe: (definition, boundBuild) => describeQemuVm(definition, boundBuild, folders),
    checkTemplate: (name) => void recipeNamed(name, folders.recipesFolder),
    probesFolder: cachePaths(resolveCacheDir()).probesDir,
    snapshotsFolder: cachePaths(resolveCacheDir()).snapshotsDir,
    forkLibrary: () => forkLibrary(folders.agentFolder()),
  };
}

/** The loader would take a path with a space or a colon for several. */
function forkLibrary(folder: string): string | null {
  const file = path.join(folder, "atoll-fork-memory.so");
  return /[\s:]/.test(file) || !fs.existsSync(file) ? null : file;
}

/** @throws AppError template.not-built, template.build-gone, template.not-found, template.bad-recipe */
async function describeQemuVm(
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
  const initrd = await makeInitrd({ modulesDir: template.modulesDir, agentFolder: agentFolder() }, cacheDir);
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
