/** Every code that the model names is given by some program: a code that nothing throws would be a promise that is not kept. */
import fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

const checkout = path.resolve(import.meta.dirname, "../..");
/** Declared ahead of its use: what a service may do is not yet granted while it runs. */
const AHEAD = ["service.right-not-asked"];
const MODEL = path.join(checkout, "shared/model/app-error.ts");

/** As the type spells them: whole, or a group's name with the names in it. */
function codes(): string[] {
  const [, type = ""] = /export type ErrorCode =(.*?);\n/s.exec(fs.readFileSync(MODEL, "utf8")) ?? [];
  const groups = [...type.matchAll(/`([a-z]+)\.\$\{([^}]*)\}`/g)].flatMap(([, group, names = ""]) =>
    [...names.matchAll(/"([a-z-]+)"/g)].map(([, name]) => `${group}.${name}`),
  );
  return [...groups, ...[...type.matchAll(/^\s*\| "([a-z.-]+)"/gm)].map(([, code]) => code as string)];
}

/** All sources but tests, and but the model itself. */
function sources(): string {
  const files = ["main", "shared", "preload", "renderer", "images"].flatMap((folder) =>
    fs
      .readdirSync(path.join(checkout, folder), { recursive: true, encoding: "utf8" })
      .map((name) => path.join(checkout, folder, name)),
  );
  return files
    .filter((file) => /\.(ts|tsx|mjs)$/.test(file) && !/\.test\.|\/testing\/|\/gen\//.test(file) && file !== MODEL)
    .map((file) => fs.readFileSync(file, "utf8"))
    .join("\n");
}

it("names no error code that nothing gives", () => {
  const all = sources();
  expect(codes().length).toBeGreaterThan(50);
  expect(codes()).toContain("scan.no-scanner");
  expect(codes().filter((code) => !AHEAD.includes(code) && !all.includes(`"${code}"`))).toEqual([]);
});
