/** The restart where Chromium has no GPU. What is chosen, and why, is main/graphics. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Graphics } from "../graphics/graphics.ts";
import { restartsInSoftware } from "./graphics.ts";

const electron = vi.hoisted(() => ({ environments: [] as NodeJS.ProcessEnv[] }));
vi.mock("electron", () => ({
  app: {
    getGPUInfo: () => Promise.resolve({ auxAttributes: { glRenderer: "llvmpipe" } }),
    getGPUFeatureStatus: () => ({ gpu_compositing: "enabled" }),
    // The next process is made at once, and waits for our end.
    relaunch: () => void electron.environments.push({ ...process.env }),
  },
}));
vi.mock("../base/log.ts", () => ({ log: () => undefined }));

const WHY = "ATOLL_TEST_WHY";
const FILE = "ATOLL_TEST_FILE";
const choice = { mode: "gpu", reason: "", isChecked: true, isGivenUp: false } as const;
const handOn = vi.fn<() => NodeJS.ProcessEnv>(() => ({ [FILE]: "/run/launch.json" }));

beforeEach(() => {
  electron.environments.length = 0;
  handOn.mockClear();
});
afterEach(() => {
  for (const name of [WHY, FILE]) delete process.env[name];
});

it("the next process knows why it starts, and what this one was to open", async () => {
  const check: Graphics["check"] = (chromium) => ({ [WHY]: chromium?.glRenderer ?? "" });
  expect(await restartsInSoftware({ choice, check }, handOn)).toBe(true);
  expect(electron.environments).toEqual([expect.objectContaining({ [WHY]: "llvmpipe", [FILE]: "/run/launch.json" })]);
});

it("where there is none nothing is handed on", async () => {
  expect(await restartsInSoftware({ choice, check: () => null }, handOn)).toBe(false);
  expect(handOn).not.toHaveBeenCalled();
  expect(electron.environments).toEqual([]);
});
