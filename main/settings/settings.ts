/** `config/settings.yaml`: a file that a person can read and edit; what it leaves out has its default. */
import fsp from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { log } from "../base/log.ts";

const keymapName = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_,:()+-]*$/, "letters, digits and , : _ ( ) + - only");

const settingsSchema = z.strictObject({
  /** XKB names for the guests; null = as the host's display has it. */
  keyboard: z
    .strictObject({
      model: keymapName.default("pc105"),
      layout: keymapName.default("us"),
      variant: keymapName.default(""),
      options: keymapName.default(""),
    })
    .nullable()
    .default(null),
});

export type Settings = z.infer<typeof settingsSchema>;

export function settingsFile(configFolder: string): string {
  return path.join(configFolder, "settings.yaml");
}

/** A file that cannot be read is said in the log, and costs its settings alone. */
export async function readSettings(configFolder: string): Promise<Settings> {
  const file = settingsFile(configFolder);
  try {
    return settingsSchema.parse(parse(await fsp.readFile(file, "utf8")) ?? {});
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (!isAbsent)
      log(`${file}: ${error instanceof z.ZodError ? z.prettifyError(error) : String(error)}; the defaults are used`);
    return settingsSchema.parse({});
  }
}
