import { expect, it } from "vitest";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Vm } from "../vms/vm.ts";
import { scanAgain } from "./rescan.ts";

it("looks at what was opened in each VM that runs, and tells what is found now", async () => {
  const vm = (name: string, state = "running"): Vm =>
    ({ id: name as VmId, state, definition: { name } }) as unknown as Vm;
  const scanned: string[] = [];
  const found: string[] = [];
  let isWatchedAgain = false;
  await scanAgain({
    application: { vms: [vm("home"), vm("off", "stopped"), vm("web")] },
    opened: () => [Buffer.from("/a"), Buffer.from("/lost"), Buffer.from("/bad")],
    watched: { again: () => void (isWatchedAgain = true) },
    scan: ({ id }, path) => {
      scanned.push(`${id}${Buffer.from(path).toString()}`);
      if (path.length === 5) return Promise.reject(new Error("gone"));
      const verdict = path.length === 4 ? "found" : "clean";
      return Promise.resolve([
        { path: Buffer.from(path).toString(), sha256: null, verdict, engines: [] } as ScannedFile,
      ]);
    },
    found: ({ id }, file) => void found.push(`${id}${file.path}`),
  });
  expect(scanned).toEqual(["home/a", "home/lost", "home/bad", "web/a", "web/lost", "web/bad"]);
  expect([found, isWatchedAgain]).toEqual([["home/bad", "web/bad"], true]);
});
