/** `service.yaml`: what a service is. Pure. The JSON schema that editors use is made of this one: services/service.schema.json. */
import { z } from "zod";
import { manifestFields } from "#shared/model/service.ts";
import { LEAST_MEMORY_WORDS, VM_CPUS, VM_MEMORY_MIB } from "#shared/model/vm.ts";
import { readYaml, type YamlResult } from "#shared/model/yaml-file.ts";
import { type Recipe, serviceImage, serviceRecipe } from "../../images/builder/index.ts";

/** Of files that a scanner keeps apart. */
export const QUARANTINE_TABLE = "quarantine";

export const serviceManifest = z
  .strictObject({
    ...manifestFields,
    image: serviceImage,
    /** MiB. */
    memory: z.int().min(VM_MEMORY_MIB.min, LEAST_MEMORY_WORDS).max(VM_MEMORY_MIB.max),
    cpus: z.int().min(VM_CPUS.min).max(VM_CPUS.max).default(1),
  })
  .superRefine(({ panels, tables, program, startsFresh, keepsFiles, rights }, context) => {
    const refuse = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
    if (tables.includes(QUARANTINE_TABLE) && !keepsFiles)
      refuse(["keepsFiles"], `must be true: what is in "${QUARANTINE_TABLE}" is kept on a disk of its own`);
    if (program.inSnapshot && !startsFresh)
      refuse(["startsFresh"], "must be true for a program that is in the snapshot");
    // What has connections makes keys for them, which two VMs would share.
    if (program.inSnapshot && (rights.uplink || rights.firewall || rights.serves.length > 0))
      refuse(["program", "inSnapshot"], "is for a service without a network");
    for (const [at, panel] of panels.entries()) {
      if ("table" in panel && !tables.includes(panel.table))
        context.addIssue({
          code: "custom",
          path: ["panels", at, "table"],
          message: `there is no table "${panel.table}": name it under "tables"`,
        });
    }
  });
export type ServiceManifest = z.infer<typeof serviceManifest>;

export const MANIFEST_FILE = "service.yaml";
export const PROGRAM_FOLDER = "program";

/** @param file its path, for what is wrong with it */
export function readManifest(text: string, file: string): YamlResult<ServiceManifest> {
  return readYaml(serviceManifest, text, file);
}

/** What its image is made from. @throws AppError template.not-found, template.bad-recipe */
export function recipeOf(manifest: ServiceManifest, recipesFolder: string | null): Recipe {
  const { name, description, memory, cpus, image } = manifest;
  return serviceRecipe(image, { name, description: description.slice(0, 200), memoryMiB: memory, cpus }, recipesFolder);
}

/** For editors. */
export function manifestJsonSchema(): unknown {
  return {
    ...z.toJSONSchema(serviceManifest, { io: "input" }),
    title: "A service of Atoll: service.yaml",
  };
}
