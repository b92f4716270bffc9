import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findRenderNodes } from "./render-nodes.ts";

let folder: string;
const at = (...names: string[]): string => path.join(folder, ...names);

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-dri-"));
  fs.mkdirSync(at("dri"));
  fs.mkdirSync(at("drm"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function addNode(name: string, device: string, driver: string | null): void {
  fs.writeFileSync(at("dri", name), "");
  fs.mkdirSync(at("devices", device), { recursive: true });
  if (driver !== null) fs.symlinkSync(at("drivers", driver), at("devices", device, "driver"));
  fs.mkdirSync(at("drm", name));
  fs.symlinkSync(at("devices", device), at("drm", name, "device"));
}

it("finds render nodes with their drivers, in their order, and no displays", () => {
  addNode("renderD129", "0000:01:00.0", "nvidia");
  addNode("renderD128", "0000:00:02.0", "i915");
  addNode("card0", "0000:00:03.0", "bochs-drm");
  expect(findRenderNodes(at("dri"), at("drm"))).toEqual([
    { path: at("dri/renderD128"), driver: "i915" },
    { path: at("dri/renderD129"), driver: "nvidia" },
  ]);
});

it("names a device without hardware by its own name, and one that the kernel says nothing of not at all", () => {
  addNode("renderD128", "vgem", null);
  fs.writeFileSync(at("dri/renderD129"), "");
  expect(findRenderNodes(at("dri"), at("drm")).map(({ driver }) => driver)).toEqual(["vgem", ""]);
});

it("finds none where there are no graphics", () => {
  expect(findRenderNodes(at("nothing"), at("drm"))).toEqual([]);
});
