import { afterEach, expect, it, vi } from "vitest";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { ScanVerdict } from "#shared/model/scan.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Vm } from "../vms/vm.ts";
import { Rescan, type RescanParts } from "./rescan.ts";

afterEach(() => void vi.useRealTimers());

const vm = (name: string, state = "running"): Vm =>
  ({ id: name as VmId, state, definition: { name } }) as unknown as Vm;
const scannedFile = (path: string, verdict: ScanVerdict, sha256 = "ab"): ScannedFile => ({
  ...{ path, sha256, verdict, engines: [] },
});

const told: string[] = [];
afterEach(() => void told.splice(0));

function rescan(parts: Partial<RescanParts>): Rescan {
  return new Rescan({
    application: { vms: [vm("home")] },
    opened: () => [Buffer.from("/a")],
    watched: { again: () => undefined },
    quarantine: { scanAgain: () => Promise.resolve() },
    scan: () => Promise.resolve([]),
    found: ({ id }, { path, verdict }) => void told.push(`${id}${path} ${verdict}`),
    cleared: ({ id }, { path }, before) => void told.push(`${id}${path} was ${before.verdict}`),
    ...parts,
  });
}

it("looks at what was opened in each VM that runs, and tells what is found now", async () => {
  const scanned: string[] = [];
  let isWatchedAgain = false;
  await rescan({
    application: { vms: [vm("home"), vm("off", "stopped"), vm("web")] },
    opened: () => [Buffer.from("/a"), Buffer.from("/lost"), Buffer.from("/bad")],
    watched: { again: () => void (isWatchedAgain = true) },
    scan: ({ id }, path, { keeps }) => {
      scanned.push(`${id}${Buffer.from(path).toString()} ${keeps}`);
      if (path.length === 5) return Promise.reject(new Error("gone"));
      return Promise.resolve([scannedFile(Buffer.from(path).toString(), path.length === 4 ? "found" : "clean")]);
    },
  }).again();
  expect(scanned.toSorted()).toEqual(
    ["home/a", "home/bad", "home/lost", "web/a", "web/bad", "web/lost"].map((one) => `${one} true`),
  );
  expect([told, isWatchedAgain]).toEqual([["home/bad found", "web/bad found"], true]);
});

it("one that fails keeps no later one from its work", async () => {
  let times = 0;
  const scanAgain = (): Promise<void> => {
    times += 1;
    return times === 1 ? Promise.reject(new Error("the disk is full")) : Promise.resolve();
  };
  const one = rescan({ quarantine: { scanAgain }, scan: () => Promise.resolve([scannedFile("/a", "found")]) });
  await expect(one.again()).rejects.toThrow("the disk is full");
  await one.again();
  expect([times, told]).toEqual([2, ["home/a found"]]);
});

it("what is in quarantine is looked at where it lies, and is not kept once more", async () => {
  const scanned: unknown[] = [];
  await rescan({
    opened: () => [],
    quarantine: { scanAgain: async (scan) => void (await scan(vm("antivirus"), Buffer.from("/kept"))) },
    scan: ({ id }, path, { keeps }) => {
      scanned.push([id, Buffer.from(path).toString(), keeps]);
      return Promise.resolve([]);
    },
  }).again();
  expect(scanned).toEqual([["antivirus", "/kept", false]]);
});

it("tells of what was opened each verdict once, and that one was taken back", async () => {
  let said = scannedFile("/a", "found");
  const one = rescan({ scan: () => Promise.resolve([said]) });
  for (const [verdict, sha256] of [
    ["found", "ab"],
    ["suspicious", "ab"],
    // Those say nothing of what was found.
    ["error", "ab"],
    ["not-scanned", "ab"],
    ["clean", "ab"],
    ["clean", "ab"],
    ["found", "ab"],
    // Other bytes: nobody has said that the former ones are clean.
    ["clean", "cd"],
    ["clean", "ab"],
  ] as const) {
    said = scannedFile("/a", verdict, sha256);
    await one.again();
  }
  expect(told).toEqual(["home/a found", "home/a suspicious", "home/a was suspicious", "home/a found"]);
});

it("of a VM that never answers the others do not wait, and its next file is looked at after ten minutes", async () => {
  vi.useFakeTimers();
  const scanned: string[] = [];
  const scanning = rescan({
    application: { vms: [vm("home"), vm("web")] },
    opened: () => [Buffer.from("/a"), Buffer.from("/b")],
    scan: ({ id }, path, { signal }) => {
      scanned.push(`${id}${Buffer.from(path).toString()}`);
      if (id !== "home") return Promise.resolve([]);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
  }).again();
  await vi.advanceTimersByTimeAsync(0);
  expect(scanned).toEqual(["home/a", "web/a", "web/b"]);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(scanned.slice(3)).toEqual(["home/b"]);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  await scanning;
});

it("what it finds out by signatures that are not used any more counts for nothing, and what was told stays known", async () => {
  const answers: ((files: ScannedFile[]) => void)[] = [];
  const signals: AbortSignal[] = [];
  const one = rescan({
    opened: () => [Buffer.from("/a"), Buffer.from("/b")],
    scan: (_vm, _path, { signal }) => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    },
  });
  const until = (count: number): Promise<void> => vi.waitFor(() => expect(answers).toHaveLength(count));
  const first = one.again();
  for (const [at, path] of ["/a", "/b"].entries()) {
    await until(at + 1);
    answers[at]?.([scannedFile(path, "found")]);
  }
  await first;
  // Others come while "/a" is looked at with the second ones, which say that it is clean.
  void one.again();
  await until(3);
  const third = one.again();
  expect(signals[2]?.aborted).toBe(true);
  answers[2]?.([scannedFile("/a", "clean")]);
  await until(4);
  answers[3]?.([scannedFile("/a", "found")]);
  await until(5);
  answers[4]?.([scannedFile("/b", "clean")]);
  await third;
  expect(told).toEqual(["home/a found", "home/b found", "home/b was found"]);
});
