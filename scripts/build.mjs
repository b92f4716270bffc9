// `npm run build`: the WebAssembly decoders, then the application, into out/.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { markBuilt, sourceKey } from "./setup/app.mjs";
import { checkout } from "./setup/paths.mjs";

const key = sourceKey();
markBuilt("");
for (const script of ["scripts/build-wasm.mjs", "node_modules/electron-vite/bin/electron-vite.js"]) {
  const args = script.includes("electron-vite") ? ["build", "--logLevel", "warn"] : [];
  // Nothing goes on writing into out/ when we are killed: whoever builds next does not know of it.
  const { status } = spawnSync("setpriv", ["--pdeathsig", "TERM", process.execPath, join(checkout, script), ...args], {
    cwd: checkout,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
markBuilt(key);
