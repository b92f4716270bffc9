import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { resolvePaths } from "../base/paths.ts";
import { filesCheck } from "./files-check.ts";

let folder: string;

beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-doctor-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const check = () => filesCheck(resolvePaths({ ATOLL_HOME: folder }), { problem: null });

it("nothing is wrong where nobody has edited anything", async () => {
  expect(await check()).toMatchObject({ status: "ok", detail: `0 VMs are defined in ${path.join(folder, "config")}` });
  expect(fs.readdirSync(folder)).toEqual([]);
});

it.each([
  ["policy.yaml", "rules:\n  - {action: never, from: home, to: web, decision: allow}\n"],
  ["open.yaml", "rules:\n  - {type: never}\n"],
  ["vms/web.yaml", "driver: never\n"],
])("a mistake in %s is said, with its place", async (name, text) => {
  const file = path.join(folder, "config", name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  const { status, detail } = await check();
  expect(status).toBe("warn");
  expect(detail).toContain(`${file}:`);
});
