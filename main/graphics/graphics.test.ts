import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Paths, resolvePaths } from "../base/paths.ts";
import { choiceFor, Graphics, graphicsInUse } from "./graphics.ts";

let paths: Paths;

beforeEach(() => {
  paths = resolvePaths({ ATOLL_HOME: fs.mkdtempSync(path.join(os.tmpdir(), "atoll-gfx-")) });
  for (const folder of [paths.config, paths.run, paths.state]) fs.mkdirSync(folder, { recursive: true });
});
afterEach(() => fs.rmSync(path.dirname(paths.run), { recursive: true }));

const set = (text: string): void => fs.writeFileSync(path.join(paths.config, "settings.yaml"), text);

describe("the setting", () => {
  it.each([
    ["is taken from settings.yaml", "graphics: gpu\n", undefined, "gpu"],
    ["gives way to the environment", "graphics: gpu\n", "software", "software"],
    ["is the file's where the environment says nothing that is known", "graphics: gpu\n", "fast", "gpu"],
    ["is not used when the file is broken", "graphics: gpu\nonQuit: x\n", undefined, "software"],
  ] as const)("%s", (_rule, text, variable, mode) => {
    set(text);
    expect(choiceFor(paths, { env: { ATOLL_GRAPHICS: variable }, renderNodes: [], electron: "1" })).toMatchObject({
      mode,
    });
  });
});

describe("after the start", () => {
  const HARDWARE = { gpuCompositing: "enabled", glRenderer: "ANGLE (Intel, Mesa Intel(R) UHD, OpenGL 4.6)" };
  const NODES = [{ path: "/dev/dri/renderD128", driver: "i915" }];
  const SOFTWARE = { gpuCompositing: "disabled_software", glRenderer: "" };

  const start = (env: NodeJS.ProcessEnv, electron = "33.2.1", renderNodes = NODES): Graphics =>
    new Graphics(paths, { env, renderNodes, electron });

  it("what is used is kept for doctor, with its reason", () => {
    start({ ATOLL_GRAPHICS: "gpu" }).check(HARDWARE);
    expect(graphicsInUse(paths)).toMatchObject({ pid: process.pid, mode: "gpu" });
    expect(graphicsInUse(paths)?.reason).toContain("Mesa Intel(R) UHD");
  });

  it.each([SOFTWARE, null])(
    "a GPU that a person asked for is not given up, but what it is, is said (%o)",
    (chromium) => {
      expect(start({ ATOLL_GRAPHICS: "gpu" }).check(chromium)).toBeNull();
      expect(graphicsInUse(paths)).toMatchObject({ mode: "software" });
    },
  );

  it("software needs no check", () => {
    const graphics = start({ ATOLL_GRAPHICS: "software" });
    expect(graphics.check(SOFTWARE)).toBeNull();
    expect(graphicsInUse(paths)).toMatchObject({ mode: "software", reason: "the setting is software" });
  });

  it.each([SOFTWARE, null])("a GPU that turns out to be none costs one restart, in software (%o)", (chromium) => {
    const restart = start({}).check(chromium);
    expect(restart).not.toBeNull();
    const again = start({ ...restart });
    expect(again.choice.mode).toBe("software");
    expect(again.check(null)).toBeNull();
    expect(graphicsInUse(paths)?.reason).toContain("Chromium");
  });

  it("a GPU that was given up is not tried at the next start, until something is another", () => {
    expect(start({}).check(SOFTWARE)).not.toBeNull();
    expect(start({}).choice).toMatchObject({ mode: "software", isGivenUp: true });
    expect(start({}).check(null)).toBeNull();
    expect(start({}, "33.2.2").choice).toMatchObject({ mode: "gpu", isChecked: true });
    const other = [{ path: "/dev/dri/renderD128", driver: "xe" }];
    expect(start({}, "33.2.1", other).choice).toMatchObject({ mode: "gpu", isChecked: true });
    expect(start({ ATOLL_GRAPHICS: "gpu" }).check(HARDWARE)).toBeNull();
    expect(start({}).choice).toMatchObject({ mode: "gpu", isChecked: true });
  });

  it("a GPU of which Chromium has said nothing is tried again", () => {
    expect(start({}).check(null)).not.toBeNull();
    expect(start({}).choice).toMatchObject({ mode: "gpu", isChecked: true });
  });

  it("a GPU that is one needs no restart", () => {
    expect(start({}).check(HARDWARE)).toBeNull();
    expect(graphicsInUse(paths)).toMatchObject({ mode: "gpu" });
  });
});

it("nothing is in use where no application runs", () => {
  expect(graphicsInUse(paths)).toBeNull();
  const file = path.join(paths.run, "graphics.json");
  fs.writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, mode: "gpu", reason: "x" }));
  expect(graphicsInUse(paths)).toBeNull();
  fs.writeFileSync(file, "{");
  expect(graphicsInUse(paths)).toBeNull();
});
