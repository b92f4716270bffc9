/** Where set-up has put the parts of this build: out/setup.json, see scripts/setup/index.mjs. */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { electronWarning } from "../base/electron-version.ts";

const schema = z.object({ agent: z.string(), wantedElectron: z.string().optional() });

function setupResult(): z.infer<typeof schema> {
  return schema.parse(JSON.parse(fs.readFileSync(path.join(import.meta.dirname, "../setup.json"), "utf8")));
}

/** Folder of the guests' programs; a package names it relative to out/main, see scripts/packaging/folder.mjs. */
export function agentFolder(): string {
  return path.resolve(import.meta.dirname, setupResult().agent);
}

/** What a person should know of how the application runs; `doctor` says it too. */
export function hostWarnings(): string[] {
  const electron = electronWarning(process.versions.electron, setupResult().wantedElectron);
  const sandbox =
    process.getuid?.() === 0
      ? "Atoll runs as root, where Chromium's sandbox cannot be used: start it as an ordinary user."
      : null;
  return [electron, sandbox].filter((warning) => warning !== null);
}
