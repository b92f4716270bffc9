/** The project's own lint rules find what they are there for, with the configuration that the sources are checked with. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const checkout = join(import.meta.dirname, "..");
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "atoll-lint-"))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Which of these sources, each a file below `where`, the rule finds. */
function found(rule: string, sources: readonly string[], where = ""): string[] {
  const below = join(folder, where);
  mkdirSync(below, { recursive: true });
  for (const [index, source] of sources.entries()) writeFileSync(join(below, `source-${index}.mjs`), source);
  // The configuration says by its own place what is below e2e.
  copyFileSync(join(checkout, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
  symlinkSync(join(checkout, "scripts"), join(folder, "scripts"));
  const words = ["--config", join(folder, ".oxlintrc.json"), "--format", "unix", below];
  const { stdout } = spawnSync(join(checkout, "node_modules/.bin/oxlint"), words, { encoding: "utf8", cwd: checkout });
  const lines = stdout.split("\n").filter((line) => line.includes(rule));
  const numbers = new Set(lines.map((line) => Number(/source-(\d+)/.exec(line)?.[1])));
  return sources.filter((_, index) => numbers.has(index));
}

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
  expect(found("atoll(guest-words)", [...REFUSED, ...ALLOWED])).toEqual(REFUSED);
});

const IMPATIENT = [
  `await expect(page.locator("x")).toBeVisible({ timeout: 300 });`,
  `await expect.poll(() => 1, { timeout: 4_000 }).toBe(1);`,
  `await page.waitForTimeout(9_000);`,
  `await new Promise((resolve) => setTimeout(resolve, 9_000));`,
  `expect(await page.locator("x").isVisible()).toBe(true);`,
  `expect((await page.locator("x").boundingBox())?.y).toBe(1);`,
  `expect((await page.locator("x").textContent()) ?? "").toBe("a");`,
];
const PATIENT = [
  `await expect(page.locator("x")).toBeVisible({ timeout: 9_000 });`,
  `await expect.poll(() => page.locator("x").isVisible()).toBe(true);`,
  `await expect(page.locator("x")).toBeVisible();`,
  `export const later = setTimeout(() => stop(), 9_000);`,
  `expect(await desktop.windows()).toEqual([]);`,
];

it("a short limit, a sleep and a single look at the page are found in end-to-end tests, and in nothing else", () => {
  expect(found("atoll-tests(patient)", [...IMPATIENT, ...PATIENT], "e2e")).toEqual(IMPATIENT);
});

it("and they are no fault elsewhere", () => {
  expect(found("atoll-tests(patient)", IMPATIENT)).toEqual([]);
});
