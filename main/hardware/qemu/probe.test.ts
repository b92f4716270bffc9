import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bootFailure, QEMU_BINARY } from "./probe.ts";

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
  expect(await bootFailure(BOOT)).toBe("");
});

test("a machine that KVM stops is ended at once, and QEMU's first words are the reason", async () => {
  qemuThat(`echo 'KVM internal error. Suberror: 1' >&2\necho 'RAX=0000' >&2\n${event("STOP", "")}\nexec sleep 60`);
  expect(await bootFailure(BOOT, 60_000)).toBe("KVM internal error. Suberror: 1");
});

test("a QEMU that refuses KVM says why", async () => {
  qemuThat(`echo 'qemu-system-x86_64: failed to initialize kvm: Permission denied' >&2\nexit 1`);
  expect(await bootFailure(BOOT)).toBe("failed to initialize kvm: Permission denied");
});

test("a guest that gives up is no guest that runs", async () => {
  qemuThat(event("SHUTDOWN", ', "data": {"guest": true, "reason": "guest-reset"}'));
  expect(await bootFailure(BOOT)).toMatch(/did not boot/);
});

test("without QEMU the error names what to install", async () => {
  vi.stubEnv("PATH", folder);
  await expect(bootFailure(BOOT)).rejects.toMatchObject({ code: "hardware.qemu-missing" });
});
