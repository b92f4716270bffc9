/** Where set-up has put the parts of this build. */
import path from "node:path";
import { agentFolderOf, setupResult } from "../base/agent-folder.ts";
import { electronWarning } from "../base/electron-version.ts";
import { requireOwnProgram } from "./own-program.ts";

/** We are built as out/main/index.js. */
const OUT = path.join(import.meta.dirname, "..");

/** Folder of the guests' programs. @throws AppError desktop.replaced */
export function agentFolder(): string {
  requireOwnProgram();
  return agentFolderOf(OUT);
}

/** What a person should know of how the application runs; `doctor` says it too. */
export function hostWarnings(): string[] {
  const electron = electronWarning(process.versions.electron, setupResult(OUT).wantedElectron);
  const sandbox =
    process.getuid?.() === 0
      ? "Atoll runs as root, where Chromium's sandbox cannot be used: start it as an ordinary user."
      : null;
  return [electron, sandbox].filter((warning) => warning !== null);
}
