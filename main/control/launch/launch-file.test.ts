import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import { resolvePaths } from "../../base/paths.ts";
import { LAUNCH_FILE, takeLaunchFile, writeLaunchFile } from "./launch-file.ts";

const items: LaunchItem[] = [
  { kind: "file", path: "/home/ada/ç \u0001.pdf" },
  { kind: "url", url: "https://example.org/" },
];
let home: string;
beforeEach(() => (home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"))));
afterEach(() => fs.rmSync(home, { recursive: true }));

it("is read once, by whom the environment names it to, and nobody inherits its name", () => {
  const paths = resolvePaths({ ATOLL_HOME: home });
  const file = writeLaunchFile(paths, items);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  const environment = { [LAUNCH_FILE]: file, PATH: "/bin" };
  expect(takeLaunchFile(environment)).toEqual(items);
  expect(environment).toEqual({ PATH: "/bin" });
  expect(fs.readdirSync(paths.run)).toEqual([]);
  expect(takeLaunchFile({ [LAUNCH_FILE]: file })).toEqual([]);
});

it("none, and one that is not a list of items, give nothing", () => {
  expect(takeLaunchFile({})).toEqual([]);
  const file = path.join(home, "x");
  fs.writeFileSync(file, '{"kind":"file"}');
  expect(takeLaunchFile({ [LAUNCH_FILE]: file })).toEqual([]);
});
