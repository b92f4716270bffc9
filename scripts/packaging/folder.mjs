// The application as a folder that runs without this checkout.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { wrongFuses } from "../fuses.mjs";
import { agentFolder } from "../setup/agent.mjs";
import { officialVersion, resolveElectron } from "../setup/electron.mjs";
import { writeText } from "../setup/files.mjs";
import { checkout, local } from "../setup/paths.mjs";
import { run, SetupError } from "../setup/process.mjs";

export const packedFolder = join(checkout, "dist/linux-unpacked");

/** Electron's helper for kernels without user namespaces, which would have to belong to root with all rights. */
const suidHelper = "chrome-sandbox";

/**
 * Makes `packedFolder` of what set-up has made, with the `atoll` command in it.
 *
 * @param {AbortSignal} signal
 */
export async function packFolder(signal) {
  const electron = resolveElectron();
  const staging = join(local, "pack");
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  cpSync(agentFolder(), join(staging, "agent"), { recursive: true });
  // Relative to out/main in the archive.
  writeText(
    join(staging, "setup.json"),
    JSON.stringify({ agent: "../../../agent", wantedElectron: officialVersion() }),
  );
  // A copy: the fuses are set in it, and the loader of unpacked applications stays behind.
  cpSync(dirname(electron.executable), join(staging, "electron"), {
    recursive: true,
    filter: (path) => !path.includes("default_app.asar") && !path.endsWith(suidHelper),
  });
  await run(
    process.execPath,
    [
      join(checkout, "node_modules/electron-builder/cli.js"),
      "--linux",
      "dir",
      `--config.electronVersion=${electron.version}`,
      `--config.electronDist=${join(staging, "electron")}`,
    ],
    { cwd: checkout, signal, onLine: (line) => console.log(line) },
  );
  rmSync(staging, { recursive: true });
  const wrong = await wrongFuses(join(packedFolder, "atoll-desktop"));
  if (wrong.length > 0)
    throw new SetupError(`The packed executable has fuses that are not as they must be: ${wrong.join(", ")}.`);
}
