import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { fakeTimeouts } from "../../scripts/testing/fake-timeouts.ts";
import { watchFolder } from "./watch-folder.ts";

let folder: string;
let end: () => void;
let timeoutIsSet: (ms: number) => Promise<void>;
const changed = vi.fn<() => void>();

beforeEach(() => {
  timeoutIsSet = fakeTimeouts();
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-watch-"));
  changed.mockClear();
});
afterEach(() => {
  end();
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** An edit that the system tells of. */
async function edits(): Promise<void> {
  fs.writeFileSync(path.join(folder, "file"), "text");
  await timeoutIsSet(100);
}

it("tells of several edits once", async () => {
  end = watchFolder(folder, changed);
  await edits();
  fs.writeFileSync(path.join(folder, "other"), "text");
  vi.advanceTimersByTime(100);
  expect(changed).toHaveBeenCalledTimes(1);
});

it("tells of changes that do not end each second", () => {
  const watch = vi.spyOn(fs, "watch");
  end = watchFolder(folder, changed);
  const happens = watch.mock.calls[0]?.at(-1) as unknown as () => void;
  for (let ms = 0; ms < 2_500; ms += 50) {
    happens();
    vi.advanceTimersByTime(50);
  }
  expect(changed).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(100);
  expect(changed).toHaveBeenCalledTimes(3);
  vi.advanceTimersByTime(60_000);
  expect(changed).toHaveBeenCalledTimes(3);
});

it("a watch that fails is made again, and what was edited meanwhile is told", async () => {
  const watch = vi.spyOn(fs, "watch");
  end = watchFolder(folder, changed);
  const [made] = watch.mock.results;
  if (made?.type !== "return") throw new Error("nothing was watched");
  made.value.emit("error", new Error("lost"));
  fs.writeFileSync(path.join(folder, "meanwhile"), "text");
  vi.advanceTimersByTime(5_100);
  expect([watch.mock.calls.length, changed.mock.calls.length]).toEqual([2, 1]);
  await edits();
  vi.advanceTimersByTime(100);
  expect(changed).toHaveBeenCalledTimes(2);
});

it("another folder in its place is watched from then on", async () => {
  end = watchFolder(folder, changed);
  const former = `${folder}-former`;
  fs.renameSync(folder, former);
  fs.mkdirSync(folder);
  try {
    await timeoutIsSet(100);
    vi.advanceTimersByTime(100);
    expect(changed).toHaveBeenCalledTimes(1);
    await edits();
    vi.advanceTimersByTime(100);
    expect(changed).toHaveBeenCalledTimes(2);
  } finally {
    fs.rmSync(former, { recursive: true });
  }
});

it("where there are no watches to be had it is looked at again and again, and said once", () => {
  const watch = vi.spyOn(fs, "watch").mockImplementation(() => {
    throw new Error("ENOSPC");
  });
  end = watchFolder(folder, changed);
  vi.advanceTimersByTime(10_100);
  expect([watch.mock.calls.length, changed.mock.calls.length]).toEqual([3, 2]);
  expect(process.stderr.write).toHaveBeenCalledTimes(1);
  end();
  vi.advanceTimersByTime(60_000);
  expect(changed).toHaveBeenCalledTimes(2);
});
