// The layering test: runs the rules of .dependency-cruiser.mjs on the sources, and on canaries that break every one of
// them, so that a rule (or a parser) that sees nothing cannot pass. Those of main's layers are made here, from their list.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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
const { default: config, mainLayerRule, mainLayers } = await import("../../.dependency-cruiser.mjs");
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

// A file of each domain of main that imports every domain it must not know, and two that are in no layer.
const leaves = ["leaf", "other-leaf"];
const mainDomains = [...mainLayers, ["leaf"]];
const made = realpathSync(mkdtempSync(join(tmpdir(), "atoll-layers-")));
try {
  /** @type {Map<string, string>} "FROM -> TO" -> rule */
  const expected = new Map();
  for (const [at, layer] of mainDomains.entries()) {
    for (const domain of layer) {
      const forbidden = [...mainLayers.slice(at + 1).flat(), ...leaves].filter((other) => other !== domain);
      const file = (/** @type {string} */ of) => `main/${of}/canary.ts`;
      for (const other of forbidden) {
        const rule = leaves.includes(other) ? "main-leaves-stand-apart" : mainLayerRule(layer);
        expected.set(`${file(domain)} -> ${file(other)}`, rule);
      }
      mkdirSync(join(made, "main", domain), { recursive: true });
      writeFileSync(join(made, file(domain)), forbidden.map((other) => `import "../${other}/canary.ts";\n`).join(""));
    }
  }
  mkdirSync(join(made, "main/other-leaf"));
  writeFileSync(join(made, "main/other-leaf/canary.ts"), "export {};\n");
  const { violations: found } = await look(made, undefined);
  for (const { rule, from, to } of found) {
    noticed.add(rule.name);
    if (expected.get(`${from} -> ${to}`) === rule.name) expected.delete(`${from} -> ${to}`);
  }
  for (const [edge, rule] of expected) complaints.push(`${edge} breaks the rule ${rule}, and nobody noticed`);
} finally {
  process.chdir(checkout);
  rmSync(made, { recursive: true });
}

for (const { name = "" } of rules) {
  if (!noticed.has(name)) complaints.push(`the canary breaks the rule ${name}, and nobody noticed`);
}

if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exit(1);
}
console.log(`${sources.length} sources, ${rules.length} rules`);
