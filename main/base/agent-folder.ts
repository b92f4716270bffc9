/** Where set-up has put the programs of guests: out/setup.json, see scripts/setup/index.mjs. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";

const schema = z.object({ agent: z.string(), wantedElectron: z.string().optional() });

/** @param out the folder `out` of the build */
export function setupResult(out: string): z.infer<typeof schema> {
  return schema.parse(JSON.parse(fs.readFileSync(path.join(out, "setup.json"), "utf8")));
}

/** Folder of the guests' programs; a package names it relative to out/main, see scripts/packaging/folder.mjs. */
export function agentFolderOf(out: string): string {
  return path.resolve(out, "main", setupResult(out).agent);
}
