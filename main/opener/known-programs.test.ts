import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { KnownPrograms } from "./known-programs.ts";

const VM = "11111111-2222-3333-4444-555555555555" as VmId;
const PDF = "application/pdf";
const app = (name: string, ...mimeTypes: string[]) => ({ id: name, name, mimeTypes, categories: [], hidden: true });

let folder: string;
const file = (): string => path.join(folder, "programs", `${VM}.json`);

beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-programs-"))));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it("keeps the first program for each type after the application's end, and what was listed last", async () => {
  const known = new KnownPrograms(folder);
  expect(await known.programFor(VM, PDF)).toBeNull();
  await known.keep(VM, [app("Old", PDF, "text/plain")]);
  await known.keep(VM, [app("Vie\u202ewer", PDF), app("Other", PDF, "image/png")]);
  expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
  const next = new KnownPrograms(folder);
  expect(await next.programFor(VM, PDF)).toBe("Viewer");
  expect(await next.programFor(VM, "image/png")).toBe("Other");
  expect(await next.programFor(VM, "text/plain")).toBeNull();
});

it("writes nothing where nothing has changed", async () => {
  const known = new KnownPrograms(folder);
  await known.keep(VM, [app("Viewer", PDF)]);
  const { ino } = fs.statSync(file());
  await known.keep(VM, [app("Viewer", PDF)]);
  expect(fs.statSync(file()).ino).toBe(ino);
});

it.each([
  ["no JSON", "{"],
  ["another shape", `{"application/pdf": "Viewer"}`],
  ["none", "[[1,2]]"],
])("knows nothing by a file that is %s", async (_what, text) => {
  fs.mkdirSync(path.dirname(file()));
  fs.writeFileSync(file(), text);
  const known = new KnownPrograms(folder);
  expect(await known.programFor(VM, PDF)).toBeNull();
  await known.keep(VM, [app("Viewer", PDF)]);
  expect(await known.programFor(VM, PDF)).toBe("Viewer");
});

it("forgets a VM that is removed", async () => {
  const known = new KnownPrograms(folder);
  await Promise.all([known.keep(VM, [app("Viewer", PDF)]), known.forget(VM)]);
  expect(fs.existsSync(file())).toBe(false);
  expect(await known.programFor(VM, PDF)).toBeNull();
});
