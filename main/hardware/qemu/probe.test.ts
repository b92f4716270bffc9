import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keptFailure, QEMU_BINARY, tryBoot } from "./probe.ts";

const BOOT = { kernel: "/nowhere/vmlinux", initrd: "/nowhere/initrd.img" };
let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-probe-"));
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

/** A QEMU that says `script` has happened; the words are QEMU 7.2's own. */
function qemuThat(script: string): void {
  fs.writeFileSync(path.join(folder, QEMU_BINARY), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}
const event = (name: string, data: string): string =>
  `echo '{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "${name}"${data}}'`;

test("KVM works where the guest switches itself off", async () => {
  qemuThat(`${event("SHUTDOWN", ', "data": {"guest": true, "reason": "guest-shutdown"}')}\n${event("STOP", "")}`);
  expect(await tryBoot(BOOT)).toEqual({ failure: "", cause: "kvm" });
});

test("a machine that KVM stops is ended at once, and QEMU's first words are the reason", async () => {
  qemuThat(`echo 'KVM internal error. Suberror: 1' >&2\necho 'RAX=0000' >&2\n${event("STOP", "")}\nexec sleep 60`);
  expect(await tryBoot(BOOT, 60_000)).toEqual({ failure: "KVM internal error. Suberror: 1", cause: "kvm" });
});

test("a QEMU that refuses KVM says why", async () => {
  qemuThat(`echo 'qemu-system-x86_64: failed to initialize kvm: Permission denied' >&2\nexit 1`);
  expect(await tryBoot(BOOT)).toEqual({ failure: "failed to initialize kvm: Permission denied", cause: "other" });
});

test("a guest that gives up, or takes too long, is no guest that runs", async () => {
  const words = expect.stringContaining("did not boot") as unknown as string;
  qemuThat(`${event("SHUTDOWN", ', "data": {"guest": true, "reason": "guest-reset"}')}\n${event("STOP", "")}`);
  expect(await tryBoot(BOOT)).toEqual({ failure: words, cause: "other" });
  qemuThat("exec sleep 60");
  expect(await tryBoot(BOOT, 100)).toEqual({ failure: words, cause: "timeout" });
});

test("what would be the same again is asked once, and what may pass every time", async () => {
  const asked = path.join(folder, "asked");
  const count = (): number => (fs.existsSync(asked) ? fs.readFileSync(asked, "utf8").length : 0);
  const once = `printf x >>${asked}\n`;
  const ask = () => keptFailure("7.2.0", BOOT, path.join(folder, "probes"));
  qemuThat(`${once}echo 'cannot allocate memory' >&2\nexit 1`);
  expect([await ask(), await ask(), count()]).toEqual(["cannot allocate memory", "cannot allocate memory", 2]);
  qemuThat(`${once}echo 'KVM internal error' >&2\n${event("STOP", "")}\nexec sleep 60`);
  expect([await ask(), await ask(), count()]).toEqual(["KVM internal error", "KVM internal error", 3]);
});

test("a guest that took too long twice is not tried again for a quarter of an hour", async () => {
  const asked = path.join(folder, "asked");
  const count = (): number => fs.readFileSync(asked, "utf8").length;
  const ask = () => keptFailure("7.2.0", BOOT, path.join(folder, "probes"));
  // It is ended as by the time limit, at once.
  qemuThat(`printf x >>${asked}\nkill -KILL $$`);
  expect([await ask(), await ask(), await ask()]).toEqual(Array(3).fill(expect.stringContaining("did not boot")));
  expect(count()).toBe(2);
  const now = Date.now();
  const clock = vi.spyOn(Date, "now").mockReturnValue(now + 16 * 60_000);
  await ask();
  expect(count()).toBe(3);
  clock.mockRestore();
});

test("without QEMU the error names what to install", async () => {
  vi.stubEnv("PATH", folder);
  await expect(tryBoot(BOOT)).rejects.toMatchObject({ code: "hardware.program-missing" });
});
