/** What the installed QEMU can do: found by running it, because /dev/kvm may exist and fail. */
import { spawn } from "node:child_process";
import type { Accelerator } from "#shared/model/vm.ts";
import { AppError } from "#shared/model/app-error.ts";

export const QEMU_BINARY = "qemu-system-x86_64";
const PROBE_TIMEOUT_MS = 10_000;

export interface QemuProbe {
  version: string;
  accelerator: Accelerator;
  /** Why KVM is not used; "" where it is. */
  kvmFailure: string;
}

let probed: Promise<QemuProbe> | null = null;

/** Runs once per process. Rejects with hardware.qemu-missing. */
export function probeQemu(): Promise<QemuProbe> {
  probed ??= probe().catch((error: unknown) => {
    probed = null;
    throw error;
  });
  return probed;
}

async function probe(): Promise<QemuProbe> {
  const version = await run(["--version"], "");
  // A machine with one vCPU is really made, then told to quit.
  const commands = `{"execute":"qmp_capabilities"}\n{"execute":"quit"}\n`;
  const kvm = await run(
    ["-accel", "kvm", "-machine", "q35", "-cpu", "host", "-nodefaults", "-display", "none", "-S", "-qmp", "stdio"],
    commands,
  );
  return {
    version: /version ([0-9.]+)/.exec(version.stdout)?.[1] ?? "unknown",
    accelerator: kvm.code === 0 ? "kvm" : "tcg",
    kvmFailure:
      kvm.code === 0 ? "" : (kvm.stderr.trim().split("\n").at(-1) ?? "").replace(/^.*qemu-system-x86_64: /, ""),
  };
}

function run(args: string[], input: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(QEMU_BINARY, args, { timeout: PROBE_TIMEOUT_MS, killSignal: "SIGKILL" });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")));
    child.on("error", (cause) => {
      reject(
        new AppError(
          "hardware.qemu-missing",
          `${QEMU_BINARY} cannot be started (${cause.message}): install Debian's qemu-system-x86.`,
          {},
          { cause },
        ),
      );
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    // QEMU that fails early closes its end: that is seen by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
