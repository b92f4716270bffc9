import { FuseState, SENTINEL } from "@electron/fuses/dist/constants.js";
import { FuseV1Options } from "@electron/fuses";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { FUSES, wrongFuses } from "./fuses.mjs";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "atoll-fuses-"))));
afterAll(() => rmSync(folder, { recursive: true }));

type Name = keyof typeof FUSES;
const names = Object.keys(FUSES) as Name[];

/** An executable with these fuses, as far as fuses go. */
function executable(fuses: Record<Name, boolean>): string {
  const file = join(folder, "electron");
  const wire = Buffer.alloc(names.length);
  for (const name of names) wire[FuseV1Options[name]] = fuses[name] ? FuseState.ENABLE : FuseState.DISABLE;
  writeFileSync(file, Buffer.concat([Buffer.from(`ELF ${SENTINEL}`), Buffer.from([1, wire.length]), wire]));
  return file;
}

it("fuses that are as they must be are right, and each other one is named", async () => {
  expect(await wrongFuses(executable(FUSES))).toEqual([]);
  for (const name of names) expect(await wrongFuses(executable({ ...FUSES, [name]: !FUSES[name] }))).toEqual([name]);
});

it("the packer is told to set them so", () => {
  const text = readFileSync(join(import.meta.dirname, "../electron-builder.yml"), "utf8");
  const { electronFuses } = parse(text) as { electronFuses: Record<string, boolean> };
  const told = Object.fromEntries(
    names.map((name) => [name, electronFuses[name.charAt(0).toLowerCase() + name.slice(1)]]),
  );
  expect(told).toEqual(FUSES);
  expect(Object.keys(electronFuses)).toHaveLength(names.length);
});
