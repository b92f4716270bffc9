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
  type Template,
  templateStatus,
} from "../../../images/builder/index.ts";
import type { ServiceImages } from "../service-images.ts";
import type { QemuDefinition } from "./definition.ts";
import { buildGone } from "./disk.ts";
import type { QemuDriverOptions } from "./driver.ts";
import type { QemuVm } from "./launch.ts";

export interface TemplateFolders {
  /** Of the guests' programs: PROGRAMS of images/builder/initrd.ts. Asked for at each start. */
  agentFolder: () => string;
  /** A person's own recipes. */
  recipesFolder: string;
  services: ServiceImages;
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

/** What the VM starts with. @throws AppError template.not-built, template.build-gone, template.not-found, template.bad-recipe */
export async function templateOf(
  { template: name, service, isTrial }: Pick<QemuDefinition, "template" | "service" | "isTrial">,
  boundBuild: string | null,
  { recipesFolder, services }: Pick<TemplateFolders, "recipesFolder" | "services">,
  cacheDir: string,
): Promise<Template> {
  // A service's disk holds nothing that is kept: its image is always that of its manifest.
  if (boundBuild !== null && service === undefined) {
    const bound = await readTemplate(path.join(cachePaths(cacheDir).templatesDir, boundBuild));
    if (bound === null) throw buildGone(boundBuild);
    return bound;
  }
  const recipe = service === undefined ? recipeNamed(name, recipesFolder) : services.recipe(service, isTrial);
  const { built } = await templateStatus(recipe, cacheDir);
  if (built !== null) return built;
  throw new AppError("template.not-built", `Template "${name}" is not built yet: run "atoll template build ${name}".`, {
    template: name,
  });
}

/** @throws AppError template.not-built, template.build-gone, template.not-found, template.bad-recipe */
async function describeQemuVm(
  definition: QemuDefinition,
  boundBuild: string | null,
  folders: TemplateFolders,
): Promise<QemuVm> {
  const { agentFolder, services } = folders;
  const cacheDir = resolveCacheDir();
  const template = await templateOf(definition, boundBuild, folders, cacheDir);
  const service =
    definition.service === undefined ? null : await services.start(definition.service, definition.isTrial);
  const parts = { modulesDir: template.modulesDir, agentFolder: agentFolder(), service: service?.files ?? [] };
  const initrd = await makeInitrd(parts, cacheDir);
  return {
    service: service?.program,
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
