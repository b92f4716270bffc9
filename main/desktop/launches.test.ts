import { beforeEach, expect, it, vi } from "vitest";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import { Launches, type LaunchesParts } from "./launches.ts";

const file = (path: string): LaunchItem => ({ kind: "file", path });
const parts = { raise: vi.fn<LaunchesParts["raise"]>(), openAll: vi.fn<LaunchesParts["openAll"]>() };
beforeEach(() => vi.clearAllMocks());

it("what comes before the desktop is opened with it, in one go and in its order", () => {
  const launches = new Launches();
  launches.add([file("/a")]);
  launches.add([file("/b"), file("/c")]);
  launches.desktopOpened(parts);
  expect(parts.openAll.mock.calls).toEqual([[[file("/a"), file("/b"), file("/c")]]]);
  // It opens in this moment.
  expect(parts.raise).not.toHaveBeenCalled();
});

it("what comes later is opened at once, the desktop in front", () => {
  const launches = new Launches();
  launches.desktopOpened(parts);
  expect(parts.openAll).not.toHaveBeenCalled();
  launches.add([file("/a")]);
  expect(parts.openAll.mock.calls).toEqual([[[file("/a")]]]);
  expect(parts.raise).toHaveBeenCalledOnce();
});

it("a start that wants nothing opened brings the desktop to the front", () => {
  const launches = new Launches();
  launches.desktopOpened(parts);
  launches.add([]);
  expect(parts.openAll).not.toHaveBeenCalled();
  expect(parts.raise).toHaveBeenCalledOnce();
});

it("what another process is given to open is not opened here", () => {
  const launches = new Launches();
  launches.add([file("/a"), file("/b")]);
  expect(launches.takeWaiting()).toEqual([file("/a"), file("/b")]);
  launches.desktopOpened(parts);
  expect(parts.openAll).not.toHaveBeenCalled();
});
