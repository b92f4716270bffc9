/** Templates: the images that VMs are made from. */
import { z } from "zod";

export const templateView = z.strictObject({
  name: z.string(),
  description: z.string(),
  built: z.boolean(),
  /** null: not built. */
  sizeBytes: z.number().nullable(),
  recipeHash: z.string(),
  /** What a VM of it has where nothing else is said: MiB, processors. */
  memoryMiB: z.int(),
  cpus: z.int(),
});
export type TemplateView = z.infer<typeof templateView>;

export const templateProgress = z.strictObject({
  name: z.string(),
  /** `wait`: another process builds it. */
  step: z.enum(["wait", "prepare", "download", "install", "kernel", "image", "finish"]),
  /** Of the whole build, 0 to 1; never falls. null = unknown. */
  fraction: z.number().min(0).max(1).nullable(),
  /** What is worked on now, mostly a package's name. */
  detail: z.string(),
});
export type TemplateProgress = z.infer<typeof templateProgress>;
