import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import { CheckedPage } from "../ipc/testing/checked.ts";
import { ItemOpener } from "./item-opener.ts";
import type { OpenRequest, Opened } from "./request.ts";

let folder: string;
let page: CheckedPage;
const told = (): unknown[] => page.events.map(({ payload }) => payload);

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-items-"));
  page = new CheckedPage();
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function file(name: string): LaunchItem {
  fs.writeFileSync(path.join(folder, name), "");
  return { kind: "file", path: path.join(folder, name) };
}

it("opens ten double-clicks, no more than two at a time", async () => {
  let [now, most, count] = [0, 0, 0];
  // Each waits for the one beside it.
  let waiting: (() => void)[] = [];
  const open = async (): Promise<Opened> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length < 2) return;
      const both = waiting;
      waiting = [];
      setImmediate(() => both.forEach((go) => go()));
    });
    now -= 1;
    count += 1;
    return {} as Opened;
  };
  const items = Array.from({ length: 10 }, (_, at) => file(`${at}.txt`));
  const opener = new ItemOpener({ opener: { open }, page });
  // Two that come together, too, are opened side by side.
  await Promise.all([opener.open(items.slice(0, 2)), opener.open(items.slice(2))]);
  expect(count).toBe(10);
  expect(most).toBe(2);
  expect(told()).toEqual([]);
});

it("tells what fails, and goes on with the next", async () => {
  const opened: OpenRequest[] = [];
  const open = (request: OpenRequest): Promise<Opened> => {
    opened.push(request);
    return Promise.resolve({} as Opened);
  };
  const gone: LaunchItem = { kind: "file", path: path.join(folder, "gone.txt") };
  const url: LaunchItem = { kind: "url", url: "https://user@example.org/" };
  await new ItemOpener({ opener: { open }, page }).open([gone, url, file("-rf")]);
  expect(opened).toMatchObject([{ item: { kind: "file", name: "-rf" }, from: null, edit: false }]);
  expect(told()).toHaveLength(2);
  for (const item of [{ name: "gone.txt" }, { url: "https://user@example.org/" }])
    expect(told()).toContainEqual(
      expect.objectContaining({
        outcome: "failed",
        from: { kind: "host" },
        item: expect.objectContaining(item) as object,
      }),
    );
});

it("does not fail a thousand times for one reason", async () => {
  const open = (): Promise<Opened> => Promise.reject(new AppError("disposable.no-memory", "Memory is short."));
  const items = Array.from({ length: 1000 }, () => file("a.txt"));
  await new ItemOpener({ opener: { open }, page }).open(items);
  expect(told().length).toBeLessThanOrEqual(2);
  expect(told()[0]).toMatchObject({ detail: "Memory is short. 998 more were not opened." });
});
