/** The project's own lint rules find what they are there for, with the configuration that the sources are checked with. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const checkout = join(import.meta.dirname, "..");
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "atoll-lint-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const REFUSED = [
  `import { exec } from "node:child_process"; exec("ls");`,
  `import { execSync as run } from "child_process"; run("ls");`,
  `import * as child from "node:child_process"; child.exec("ls");`,
  `import child from "node:child_process"; child["execSync"]("ls");`,
  `import { spawn } from "node:child_process"; spawn("ls", [], { shell: true });`,
  `import { spawn } from "node:child_process"; spawn("ls", [], { "shell": "/bin/sh" });`,
  `import { shell } from "electron"; void shell.openExternal("x:");`,
  `import { shell } from "electron"; const { openExternal } = shell; void openExternal("x:");`,
  `import { shell } from "electron"; void shell.openPath("/x");`,
  `document.body.innerHTML = "x";`,
  `document.body["outerHTML"] = "x";`,
  `document.body.innerHTML += "x";`,
  `Object.assign(document.body, { innerHTML: "x" });`,
  `document.body.insertAdjacentHTML("beforeend", "x");`,
];
const ALLOWED = [
  `import { execFile, spawn } from "node:child_process"; execFile("ls"); spawn("ls", [], { shell: false });`,
  `export const found = /a/.exec("a");`,
  `document.body.textContent = "x";`,
  `export const found = document.body.outerHTML.length;`,
];

it("no shell, no program of the host's, no parsing of HTML: each way to them is found, and nothing else", () => {
  const sources = [...REFUSED, ...ALLOWED];
  for (const [index, source] of sources.entries()) writeFileSync(join(folder, `source-${index}.mjs`), source);
  const words = ["--config", join(checkout, ".oxlintrc.json"), "--format", "unix", folder];
  const { stdout } = spawnSync(join(checkout, "node_modules/.bin/oxlint"), words, { encoding: "utf8", cwd: checkout });
  const lines = stdout.split("\n").filter((line) => line.includes("atoll(guest-words)"));
  const found = new Set(lines.map((line) => Number(/source-(\d+)/.exec(line)?.[1])));
  expect(sources.filter((_, index) => found.has(index))).toEqual(REFUSED);
});
