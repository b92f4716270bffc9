/**
 * That a GPU was given up at an earlier start: which hardware and programs that was found with, and why. Chromium says what it
 * draws with only once it runs, so that each further try would cost the desktop a second start. Synchronous, as the choice is.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import type { Paths } from "../base/paths.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";
import type { RenderNode } from "./choice.ts";

/** After so long it is tried again all the same: not all that matters can be seen from here. */
const HOLDS_MS = 30 * 24 * 60 * 60_000;
/** Where Linux distributions have the programs that Chromium draws with: Mesa's drivers, and what names them and others. */
const DRIVER_FOLDERS = [
  "/usr/lib/x86_64-linux-gnu/dri",
  "/usr/lib64/dri",
  "/usr/lib/dri",
  "/usr/share/glvnd/egl_vendor.d",
  "/usr/share/vulkan/icd.d",
];

const triedSchema = z.object({ with: z.string(), at: z.number(), reason: z.string() });

export class TriedGpu {
  readonly #file: string;
  readonly #with: string;
  readonly #now: () => number;

  /** @param identity of the hardware and programs now, see gpuIdentity */
  constructor(paths: Paths, identity: string, now: () => number = Date.now) {
    this.#file = path.join(paths.state, "graphics-tried.json");
    this.#with = identity;
    this.#now = now;
  }

  /** Why it was given up with what there is now; null: it was not, or so long ago that it is tried again. */
  get failure(): string | null {
    try {
      const tried = triedSchema.parse(JSON.parse(fs.readFileSync(this.#file, "utf8")));
      const age = this.#now() - tried.at;
      return tried.with === this.#with && age >= 0 && age < HOLDS_MS ? tried.reason : null;
    } catch {
      return null;
    }
  }

  /** Never throws: where it cannot be kept, the next start tries again. */
  failed(reason: string): void {
    const text = `${JSON.stringify({ with: this.#with, at: this.#now(), reason })}\n`;
    try {
      writeFileAtomicallySync(this.#file, text);
    } catch (error) {
      log(`${this.#file} is not written, so the GPU is tried again at the next start: ${messageOf(error)}`);
    }
  }

  works(): void {
    fs.rmSync(this.#file, { force: true });
  }
}

/**
 * Differs where Chromium may draw with something else: by Electron, kernel, each render node's driver and device (of a virtual
 * GPU also by what its hypervisor lets it do), and by the drivers that are installed.
 *
 * @param electron version of Electron
 * @param classes where the kernel tells of the devices
 */
export function gpuIdentity(
  nodes: readonly RenderNode[],
  electron: string,
  classes = "/sys/class/drm",
  drivers: readonly string[] = DRIVER_FOLDERS,
): string {
  const devices = nodes.map(({ path: node, driver }) => [driver, ...wordsOf(path.join(classes, path.basename(node)))]);
  return JSON.stringify([electron, os.release(), devices, drivers.map(changedAt)]);
}

/** What the kernel says of the device behind a render node. */
function wordsOf(node: string): string[] {
  const device = path.join(node, "device");
  const virtual = namesIn(device).filter((name) => /^virtio\d+$/.test(name));
  const files = ["vendor", "device", "features", ...virtual.map((name) => path.join(name, "features"))];
  return files.map((file) => textOf(path.join(device, file)).trim());
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Milliseconds since 1970; null: there is no such folder. A package that is installed or upgraded changes it. */
function changedAt(folder: string): number | null {
  return fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
