import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { scopeWords, tryScope } from "./weight.ts";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-weight-"));
  vi.stubEnv("PATH", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

/** A systemd-run that does this. */
function systemdRunThat(script: string): void {
  fs.writeFileSync(path.join(folder, "systemd-run"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

it("a VM's scope has a fifth of the usual weight, and the guest's memory with what QEMU needs beside it", () => {
  expect(scopeWords(2048)).toEqual([
    ...["systemd-run", "--user", "--scope", "--quiet", "--collect"],
    ...["--property=CPUWeight=20", "--property=MemoryMax=2560M", "--"],
  ]);
});

it.each([
  ["echo CPUWeight; echo MemoryMax", ["CPUWeight", "MemoryMax"], ""],
  ["echo MemoryMax", ["MemoryMax"], "not all controllers"],
  ["exit 0", [], "not all controllers"],
  ["echo 'Failed to connect to bus: No medium found' >&2; exit 1", [], "Failed to connect to bus: No medium found"],
])("where systemd-run does %j the limits are %j, and what is missing is said", async (script, limits, failure) => {
  systemdRunThat(script);
  const probe = await tryScope();
  expect(probe.limits).toEqual(limits);
  expect(probe.failure).toContain(failure);
});

it("without systemd there is no scope", async () => {
  expect(await tryScope()).toEqual({ limits: [], failure: "systemd-run is not installed" });
});
