/** The render nodes of this machine. Synchronous: the choice is made before Electron is ready. */
import fs from "node:fs";
import path from "node:path";
import type { RenderNode } from "./choice.ts";

/**
 * @param devices where the devices are
 * @param classes where the kernel says which driver each of them has
 */
export function findRenderNodes(devices = "/dev/dri", classes = "/sys/class/drm"): RenderNode[] {
  return namesIn(devices)
    .filter((name) => name.startsWith("renderD"))
    .toSorted()
    .map((name) => ({ path: path.join(devices, name), driver: driverOf(path.join(classes, name)) }));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch {
    return []; // no graphics at all, or none that we may see
  }
}

function driverOf(device: string): string {
  try {
    return path.basename(fs.readlinkSync(path.join(device, "device/driver")));
  } catch {
    // A device that is no hardware has no link: its folder lies under a name of its own, such as devices/platform/vgem.
    return virtualDriverOf(device);
  }
}

function virtualDriverOf(device: string): string {
  try {
    return path.basename(fs.realpathSync(path.join(device, "device")));
  } catch {
    return "";
  }
}
