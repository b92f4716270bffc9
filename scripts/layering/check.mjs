// The layering test: runs the rules of .dependency-cruiser.mjs on the sources, and on a canary that breaks every one of
// them, so that a rule (or a parser) that sees nothing cannot pass.
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import swc from "@swc/core";
import { checkout } from "../setup/paths.mjs";

const layers = ["shared", "main", "preload", "renderer", "images", "e2e", "bench", "scripts"];
const notSource = /^scripts\/layering\/canary\/|\/decoders\/(assembly|gen)\//;

// dependency-cruiser has SWC parse .tsx as .ts; loaded after this, it gets a parser that tells them apart.
const { parseFileSync } = swc;
Object.assign(swc, {
  /**
   * @param {string} file
   * @param {import("@swc/core").TsParserConfig} options
   */
  parseFileSync: (file, options) => parseFileSync(file, { ...options, tsx: file.endsWith(".tsx") }),
});
const { cruise } = await import("dependency-cruiser");
const { default: config } = await import("../../.dependency-cruiser.mjs");
const rules = config.forbidden ?? [];

/**
 * @param {string} root
 * @param {string | undefined} exclude
 */
async function look(root, exclude) {
  process.chdir(root);
  const { output } = await cruise(
    layers.filter((layer) => existsSync(layer)),
    { ...config.options, ...(exclude && { exclude: { path: exclude } }), ruleSet: config, validate: true },
    config.options?.enhancedResolveOptions,
  );
  if (typeof output === "string") throw new Error(output);
  return { violations: output.summary.violations, seen: new Set(output.modules.map((one) => one.source)) };
}

/** @type {string[]} */
const complaints = [];

const { violations, seen } = await look(checkout, notSource.source);
for (const { rule, from, to } of violations) {
  const comment = rules.find((one) => one.name === rule.name)?.comment ?? "";
  complaints.push(`${from} imports ${to}\n  ${rule.name}: ${comment}`);
}

const sources = layers
  .filter((layer) => existsSync(layer))
  .flatMap((layer) => readdirSync(layer, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
  .map((entry) => relative(checkout, join(entry.parentPath, entry.name)))
  .filter((path) => !notSource.test(path));
const unseen = sources.filter((path) => !seen.has(path));
if (unseen.length > 0) complaints.push(`${unseen.length} sources were not looked at: ${unseen.slice(0, 5).join(", ")}`);

const canary = await look(join(import.meta.dirname, "canary"), undefined);
const noticed = new Set(canary.violations.map(({ rule }) => rule.name));
for (const { name = "" } of rules) {
  if (!noticed.has(name)) complaints.push(`the canary breaks the rule ${name}, and nobody noticed`);
}

if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exit(1);
}
console.log(`${sources.length} sources, ${rules.length} rules`);
