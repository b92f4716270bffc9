import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
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

describe("the file is written", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const inFile = (): number | undefined => new PlacementsFile(folder).current.windows[0]?.free.x;
  const movedTo = (x: number): Placements => ({
    ...placements,
    windows: placements.windows.map((window) => ({ ...window, free: { ...window.free, x } })),
  });
  /** Another inode for each write. */
  const inode = (): number => fs.statSync(path.join(folder, "placements.json")).ino;

  it("when something changed, and not when the same is reported again", () => {
    const file = new PlacementsFile(folder);
    file.keep(placements);
    const first = inode();
    for (let count = 0; count < 50; count += 1) {
      vi.advanceTimersByTime(200);
      file.keep(structuredClone(placements));
    }
    expect(inode()).toBe(first);
    const next = new PlacementsFile(folder);
    next.keep(placements);
    expect(inode()).toBe(first);
  });

  it("at once, then at most once a second, with the newest", () => {
    const file = new PlacementsFile(folder);
    file.keep(movedTo(1));
    expect(inFile()).toBe(1);
    const inodes = new Set([inode()]);
    for (let x = 2; x <= 100; x += 1) {
      vi.advanceTimersByTime(100);
      file.keep(movedTo(x));
      inodes.add(inode());
    }
    expect(inodes.size).toBeLessThanOrEqual(10);
    vi.advanceTimersByTime(1_000);
    expect(inFile()).toBe(100);
  });

  it("with what waits when the application ends", () => {
    const file = new PlacementsFile(folder);
    file.keep(movedTo(1));
    file.keep(movedTo(2));
    expect(inFile()).toBe(1);
    file.flush();
    expect(inFile()).toBe(2);
  });

  it("not with what was taken back within the interval", () => {
    const file = new PlacementsFile(folder);
    file.keep(movedTo(1));
    const first = inode();
    file.keep(movedTo(2));
    file.keep(movedTo(1));
    vi.advanceTimersByTime(5_000);
    expect(inode()).toBe(first);
  });
});
