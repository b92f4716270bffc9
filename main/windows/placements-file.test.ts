import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Placements } from "#shared/ipc/layout.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { PlacementsFile } from "./placements-file.ts";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-placements-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const placements: Placements = {
  windows: [
    {
      id: "0a1b2c3d.7" as WindowId,
      vm: "0a1b2c3d-0000-4000-8000-000000000000" as VmId,
      appId: "foot",
      free: { x: 10, y: 70, width: 400, height: 300 },
      placement: "maximized",
      minimized: false,
      focused: true,
    },
  ],
  apps: [],
};

it("what is kept is there for the next run", () => {
  new PlacementsFile(folder).keep(placements);
  expect(new PlacementsFile(folder).current).toEqual(placements);
  expect(fs.statSync(path.join(folder, "placements.json")).mode & 0o777).toBe(0o600);
});

it("full screen is read by its former names too", () => {
  const [window] = placements.windows;
  const former = ["fullscreen", "screen"].map((placement) => ({ ...window, placement }));
  fs.writeFileSync(path.join(folder, "placements.json"), JSON.stringify({ windows: former, apps: [] }));
  const read = new PlacementsFile(folder).current.windows.map(({ placement }) => placement);
  expect(read).toEqual(["appFullscreen", "userFullscreen"]);
});

it("no file, and one that is broken, are none", () => {
  expect(new PlacementsFile(folder).current).toEqual({ windows: [], apps: [] });
  for (const text of ["{", '{"windows": 1}', '{"windows": [{"id": "../x"}], "apps": []}']) {
    fs.writeFileSync(path.join(folder, "placements.json"), text);
    expect(new PlacementsFile(folder).current).toEqual({ windows: [], apps: [] });
  }
});

it("a folder that cannot be written stops nothing", () => {
  const file = new PlacementsFile(path.join(folder, "gone"));
  file.keep(placements);
  expect(file.current).toEqual(placements);
});
