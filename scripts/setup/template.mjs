// Builds the templates that the first VMs and the built-in services are made of, with the application's own template builder.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hashOf, readText, writeText } from "./files.mjs";
import { cache, checkout, local } from "./paths.mjs";
import { run, SetupError } from "./process.mjs";

/**
 * @typedef {object} BuilderEvent a line of the builder's output
 * @property {string} [step]
 * @property {number | null} [fraction]
 * @property {string} [detail]
 * @property {{ dir: string }} [template] the result
 * @property {{ code: string, message: string }} [error]
 */

/**
 * @param {string} name
 * @returns {import("./runner.mjs").Step}
 */
export function templateStep(name) {
  return builderStep({ id: `template-${name}`, title: `Template ${name}`, source: name });
}

/**
 * @param {string} name of a folder of services/
 * @returns {import("./runner.mjs").Step}
 */
export function serviceImageStep(name) {
  const source = join(checkout, "services", name, "service.yaml");
  return builderStep({ id: `service-${name}`, title: `Image of the ${name}`, source });
}

/**
 * @param {{ id: string, title: string, source: string }} options source: what the builder is to build
 * @returns {import("./runner.mjs").Step}
 */
function builderStep({ id, title, source }) {
  // "KEY FOLDER": what the template was made from, as far as this checkout goes, and where it is.
  const stamp = join(local, id);
  const isBuilt = () => {
    const [builtFrom, folder] = (readText(stamp) ?? "").split(" ", 2);
    return builtFrom === sourceKey() && folder !== undefined && existsSync(join(folder, "template.json"));
  };
  return {
    id,
    title,
    needs: ["app"],
    isUpToDate: async () => (isBuilt() ? "" : undefined),
    run: async ({ signal, log, detail }) => {
      const key = sourceKey();
      /** @type {BuilderEvent} */
      let last = {};
      /** @param {string} line */
      const onLine = (line) => {
        const event = parse(line);
        if (event?.step) detail(words(event));
        if (event) last = event;
      };
      try {
        // It has locks of its own, and gives an existing template at once.
        const args = [join(checkout, "out/main/template-builder.js"), "build", source, "--progress", "json"];
        await run(process.execPath, args, { cwd: checkout, signal, log, onLine, env: { ATOLL_CACHE: cache } });
      } catch (cause) {
        signal.throwIfAborted();
        if (!last.error) throw cause;
        throw new SetupError(last.error.message, { cause, log });
      }
      if (!last.template) throw new SetupError("The template builder did not say where the template is.", { log });
      writeText(stamp, `${key} ${last.template.dir}`);
    },
  };
}

/** What the builder is made from: it decides what is stale, but it is asked only when something has changed. */
function sourceKey() {
  return hashOf(checkout, ["images", "services"], { also: [cache], accept: (path) => !path.endsWith(".test.ts") });
}

/**
 * @param {string} line
 * @returns {BuilderEvent | undefined}
 */
function parse(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {BuilderEvent} event */
function words({ step, fraction, detail }) {
  const percent = typeof fraction === "number" ? ` ${Math.round(fraction * 100)} %` : "";
  return `${step}${percent}${detail ? `: ${detail}` : ""}`;
}
