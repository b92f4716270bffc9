/** Every code that the model names is given by some program: a code that nothing throws would be a promise that is not kept. */
import fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { AppError, fromErrorValue, messageOf, toErrorValue } from "./app-error.ts";

const checkout = path.resolve(import.meta.dirname, "../..");
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
  expect(codes().filter((code) => !all.includes(`"${code}"`))).toEqual([]);
});

it("a failure says the same on the other side of a channel", () => {
  const error = new AppError("vm.not-found", "There is no VM of that name.", { name: "web" });
  const value = { code: "vm.not-found", message: "There is no VM of that name.", details: { name: "web" } } as const;
  expect(toErrorValue(error)).toEqual(value);
  expect(toErrorValue(fromErrorValue(value))).toEqual(value);
  expect(toErrorValue(new AppError("internal", "x")).details).toEqual({});
});

it.each([
  [new Error("it broke"), "it broke"],
  ["it broke", "it broke"],
  [null, "null"],
])("what else is thrown (%s) is internal, and says what it says", (thrown, message) => {
  expect(messageOf(thrown)).toBe(message);
  expect(toErrorValue(thrown)).toEqual({ code: "internal", message, details: {} });
});
