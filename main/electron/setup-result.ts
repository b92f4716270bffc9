/** Where set-up has put the parts of this build: out/setup.json, see scripts/setup/index.mjs. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";

const schema = z.object({ agent: z.string() });

/** Folder of the guests' programs; a package names it relative to out/main, see scripts/pack.mjs. */
export function agentFolder(): string {
  const file = path.join(import.meta.dirname, "../setup.json");
  return path.resolve(import.meta.dirname, schema.parse(JSON.parse(fs.readFileSync(file, "utf8"))).agent);
}
