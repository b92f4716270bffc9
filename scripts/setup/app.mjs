// Builds the application into out/.
import { join } from "node:path";
import { hashOf, readText, writeText } from "./files.mjs";
import { withLock } from "./lock.mjs";
import { checkout, local } from "./paths.mjs";
import { run } from "./process.mjs";

const stamp = join(checkout, "out", ".built");

const folders = ["shared", "main", "preload", "renderer", "images"];
const tools = [
  "package.json",
  "package-lock.json",
  "electron.vite.config.ts",
  "scripts/build.mjs",
  "scripts/build-wasm.mjs",
];

/** @returns {import("./runner.mjs").Step} */
export function appStep() {
  return {
    id: "app",
    title: "Application",
    needs: ["npm"],
    isUpToDate: async () => (isAppBuilt() ? "" : undefined),
    run: ({ signal, log, detail }) =>
      withLock(
        join(local, "app.lock"),
        { signal, onWait: () => detail("waiting for another set-up") },
        async (lockFd) => {
          if (isAppBuilt()) return;
          await run(process.execPath, ["scripts/build.mjs"], { cwd: checkout, signal, log, lockFd, onLine: detail });
        },
      ),
  };
}

export function isAppBuilt() {
  return readText(stamp) === sourceKey();
}

/** Called before a build with "" and after it with the key from before: an interrupted build is no build. */
export function markBuilt(/** @type {string} */ key) {
  writeText(stamp, key);
}

export function sourceKey() {
  // Not the wasm: the build itself makes it.
  return hashOf(checkout, [...folders, ...tools], { accept: (path) => !/\.(test|fuzz)\.tsx?$|\.wasm$/.test(path) });
}
