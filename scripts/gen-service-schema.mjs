// The JSON schema of service.yaml, for editors: services/service.schema.json is made from main/services/manifest.ts.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { runnerImport } from "vite";
import { checkout } from "./setup/paths.mjs";
import { SetupError } from "./setup/process.mjs";

const file = "services/service.schema.json";

/** @param {boolean} check nothing is written, and a stale file is an error */
export async function genServiceSchema(check) {
  const { module } = await runnerImport(join(checkout, "main/services/manifest.ts"), {
    root: checkout,
    configFile: false,
    logLevel: "warn",
  });
  /** @type {{ manifestJsonSchema: () => unknown }} */
  const { manifestJsonSchema } = module;
  const text = await format(JSON.stringify(manifestJsonSchema()), { parser: "json", printWidth: 120 });
  const path = join(checkout, file);
  if (!check) return writeFileSync(path, text);
  let before = "";
  try {
    before = readFileSync(path, "utf8");
  } catch {
    // It was never made.
  }
  if (before !== text) throw new SetupError(`${file} is stale: run \`npm run gen\`.`);
}
