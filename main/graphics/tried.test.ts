import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Paths, resolvePaths } from "../base/paths.ts";
import { gpuIdentity, TriedGpu } from "./tried.ts";

const DAY_MS = 24 * 60 * 60_000;
let paths: Paths;
let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-tried-"));
  paths = resolvePaths({ ATOLL_HOME: root });
  fs.mkdirSync(paths.state);
});
afterEach(() => fs.rmSync(root, { recursive: true }));

describe("a GPU that was given up", () => {
  it("is remembered for a month, with what it was tried with", () => {
    let now = 1_000 * DAY_MS;
    const tried = (identity = "a"): TriedGpu => new TriedGpu(paths, identity, () => now);
    expect(tried().failure).toBeNull();
    tried().failed("Chromium draws by llvmpipe");
    expect([tried().failure, tried("b").failure]).toEqual(["Chromium draws by llvmpipe", null]);
    now += 30 * DAY_MS - 1;
    expect(tried().failure).not.toBeNull();
    now += 1;
    expect(tried().failure).toBeNull();
    // The clock was wrong then.
    now -= 31 * DAY_MS;
    expect(tried().failure).toBeNull();
  });

  it("that cannot be kept stops nobody", () => {
    fs.rmSync(paths.state, { recursive: true });
    const tried = new TriedGpu(paths, "a");
    tried.failed("x");
    expect(tried.failure).toBeNull();
  });

  it("is forgotten once it works, and where its record is damaged", () => {
    const tried = new TriedGpu(paths, "a");
    tried.failed("x");
    tried.works();
    expect(tried.failure).toBeNull();
    fs.writeFileSync(path.join(paths.state, "graphics-tried.json"), "{");
    expect(tried.failure).toBeNull();
  });
});

describe("what it was tried with", () => {
  const NODE = { path: "/dev/dri/renderD128", driver: "virtio_gpu" };
  const device = (): string => path.join(root, "drm/renderD128/device");
  const identity = (electron = "33.2.1", nodes = [NODE]): string =>
    gpuIdentity(nodes, electron, path.join(root, "drm"), [path.join(root, "dri"), path.join(root, "none")]);

  beforeEach(() => {
    fs.mkdirSync(path.join(device(), "virtio3"), { recursive: true });
    fs.mkdirSync(path.join(root, "dri"));
    fs.writeFileSync(path.join(device(), "vendor"), "0x1af4\n");
    fs.writeFileSync(path.join(device(), "virtio3/features"), "00\n");
  });

  it("is the same for the same", () => expect(identity()).toBe(identity()));

  it.each<[string, () => string]>([
    ["Electron", () => identity("33.2.2")],
    ["a driver", () => identity("33.2.1", [{ ...NODE, driver: "i915" }])],
    ["no device", () => identity("33.2.1", [])],
    [
      "a device",
      () => {
        fs.writeFileSync(path.join(device(), "vendor"), "0x8086\n");
        return identity();
      },
    ],
    [
      "what the hypervisor lets a virtual one do",
      () => {
        fs.writeFileSync(path.join(device(), "virtio3/features"), "10\n");
        return identity();
      },
    ],
    [
      "a driver package",
      () => {
        fs.utimesSync(path.join(root, "dri"), 1, 1);
        return identity();
      },
    ],
  ])("is another with another of it: %s", (_what, other) => {
    const before = identity();
    expect(other()).not.toBe(before);
  });
});
