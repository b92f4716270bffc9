// What `electron PATH` runs when the Electron is the registry's, which lacks this part: it loads the application at
// PATH (a folder with a package.json, or a file) as Electron's own default application does.
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as electron from "electron";

/**
 * What the public types leave out.
 * @typedef {Electron.App & { setAppPath(path: string): void, setVersion(version: string): void }} App
 */
const app = /** @type {App} */ (electron.app);

const given = process.argv.slice(1).find((argument) => !argument.startsWith("-"));
if (given === undefined) {
  process.stderr.write("usage: electron [OPTION...] PATH [ARGUMENT...]\n");
  process.exit(2);
}

let entry = resolve(given);
if (statSync(entry).isDirectory()) {
  const folder = entry;
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  app.setAppPath(folder);
  app.setName(manifest.productName ?? manifest.name ?? app.getName());
  if (manifest.version) app.setVersion(manifest.version);
  if (manifest.desktopName) app.setDesktopName(manifest.desktopName);
  entry = resolve(folder, manifest.main ?? "index.js");
}
Object.assign(process, { defaultApp: true });
// Awaited: Electron holds its `ready` event back until this module has run.
await import(pathToFileURL(entry).href);
