// `npm run pack`: the application as a folder that runs without this checkout, in dist/linux-unpacked, with the `atoll`
// command in it.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { wrongFuses } from "./fuses.mjs";
import { agentFolder } from "./setup/agent.mjs";
import { officialVersion, resolveElectron } from "./setup/electron.mjs";
import { writeText } from "./setup/files.mjs";
import { main, setUp } from "./setup/index.mjs";
import { checkout, local } from "./setup/paths.mjs";
import { run, SetupError } from "./setup/process.mjs";

await main(async (signal) => {
  await setUp({ signal });
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
    filter: (path) => !path.includes("default_app.asar"),
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
  const wrong = await wrongFuses(join(checkout, "dist/linux-unpacked/atoll-desktop"));
  if (wrong.length > 0)
    throw new SetupError(`The packed executable has fuses that are not as they must be: ${wrong.join(", ")}.`);
  return 0;
});
