import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { LinkIndices } from "./link-indices.ts";

let folder: string;
const [home, web, vault] = [randomUUID(), randomUUID(), randomUUID()] as [VmId, VmId, VmId];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-links-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

it("a VM keeps its number over restarts of the application", async () => {
  const indices = new LinkIndices(folder);
  expect(await Promise.all([indices.indexOf(home), indices.indexOf(web), indices.indexOf(home)])).toEqual([1, 2, 1]);
  const later = new LinkIndices(folder);
  expect([later.find(home), later.find(web), later.find(vault)]).toEqual([1, 2, undefined]);
  expect(await later.indexOf(vault)).toBe(3);
});

it("the number of a VM that is gone is another one's", async () => {
  const indices = new LinkIndices(folder);
  await indices.indexOf(home);
  await indices.indexOf(web);
  await indices.release(home);
  expect(await indices.indexOf(vault)).toBe(1);
  expect(new LinkIndices(folder).find(home)).toBeUndefined();
});

it("knows whose an address is, and the addresses of a VM", async () => {
  const indices = new LinkIndices(folder);
  await indices.indexOf(home);
  await indices.indexOf(web);
  expect([indices.addressesOf(web), indices.addressesOf(vault)]).toEqual([["10.137.0.10", "fd00:137:2::2"], []]);
  const asked = ["10.137.0.10", "fd00:137:2::2", "10.137.0.9", "10.137.0.14", "", "web"];
  expect(asked.map((address) => indices.vmAt(address))).toEqual([web, web, null, null, null, null]);
  await indices.release(web);
  expect(indices.vmAt("10.137.0.10")).toBeNull();
});

it.each(["{", "[]", '{"x":1}', `{"${home}":0}`, `{"${home}":4001}`, `{"${home}":7,"${web}":7}`])(
  "a file that says %s is not used",
  async (text) => {
    fs.writeFileSync(path.join(folder, "links.json"), text);
    expect(await new LinkIndices(folder).indexOf(home)).toBe(1);
  },
);

it("a number that could not be kept is not given", async () => {
  const indices = new LinkIndices(path.join(folder, "missing"));
  await expect(indices.indexOf(home)).rejects.toMatchObject({ code: "ENOENT" });
});
