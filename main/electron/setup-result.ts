/** Where set-up has put the parts of this build: out/setup.json, see scripts/setup/index.mjs. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";

const schema = z.object({ agent: z.string() });

/** Folder of atoll-agent and atoll-init. */
export function agentFolder(): string {
  const file = path.join(import.meta.dirname, "../setup.json");
  return schema.parse(JSON.parse(fs.readFileSync(file, "utf8"))).agent;
}
