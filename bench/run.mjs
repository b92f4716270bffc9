// `npm run bench`: sets up what is missing, builds the bench's tools and runs the benches. See bench/README.md.
import { join } from "node:path";
import { main, setUp } from "../scripts/setup/index.mjs";
import { checkout } from "../scripts/setup/paths.mjs";

await main(async (signal) => {
  await setUp({ signal, benching: true });
  // Only here: in a fresh clone the set-up has just installed it.
  const { runnerImport } = await import("vite");
  /** @type {{ module: typeof import("./main.ts") }} */
  const { module } = await runnerImport(join(import.meta.dirname, "main.ts"), {
    root: checkout,
    configFile: false,
    logLevel: "error",
  });
  return module.bench(process.argv.slice(2), signal);
});
