import { afterEach, expect, it, vi } from "vitest";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Vm } from "../vms/vm.ts";
import { scanAgain } from "./rescan.ts";

afterEach(() => void vi.useRealTimers());

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
  expect(scanned.toSorted()).toEqual(["home/a", "home/bad", "home/lost", "web/a", "web/bad", "web/lost"]);
  expect([found, isWatchedAgain]).toEqual([["home/bad", "web/bad"], true]);
});

it("of a VM that never answers the others do not wait, and its next file is looked at after ten minutes", async () => {
  vi.useFakeTimers();
  const vm = (name: string): Vm => ({ id: name, state: "running", definition: { name } }) as unknown as Vm;
  const scanned: string[] = [];
  const scanning = scanAgain({
    application: { vms: [vm("home"), vm("web")] },
    opened: () => [Buffer.from("/a"), Buffer.from("/b")],
    watched: { again: () => undefined },
    scan: ({ id }, path, signal) => {
      scanned.push(`${id}${Buffer.from(path).toString()}`);
      if (id !== "home") return Promise.resolve([]);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
    found: () => undefined,
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(scanned).toEqual(["home/a", "web/a", "web/b"]);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(scanned.slice(3)).toEqual(["home/b"]);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  await scanning;
});
