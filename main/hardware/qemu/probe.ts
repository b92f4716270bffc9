/** What the installed QEMU can do: found by running it, because /dev/kvm may exist and fail. */
import { execFile, spawn } from "node:child_process";
import fsp from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { z } from "zod";
import type { Accelerator } from "#shared/model/vm.ts";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { bootId } from "../../base/boot-id.ts";
import { boundToUs } from "../../base/bound-child.ts";
import { writeFileAtomically } from "../../base/write-file.ts";
import { qemuAccelerator } from "./argv.ts";

export const QEMU_BINARY = "qemu-system-x86_64";
export const KVM_DEVICE = "/dev/kvm";
/** A working KVM boots the kernel in well under a second; one that needs longer than this is slower than emulation. */
const PROBE_TIMEOUT_MS = 5_000;

/** The kernel and first program that the guests boot. */
export interface ProbeBoot {
  kernel: string;
  initrd: string;
}

export interface QemuProbe {
  version: string;
  accelerator: Accelerator;
  /** Why KVM is not used; "" where it is. */
  kvmFailure: string;
}

const answersSchema = z.object({
  bootId: z.string(),
  version: z.string(),
  /** By kernel: why KVM cannot run it, "" where it can. */
  kvmFailures: z.record(z.string(), z.string()),
});
const probes = new Map<string, Promise<QemuProbe>>();

/**
 * Runs once per process and kernel, and a lasting answer of KVM is kept in `folder` until the machine is booted anew or QEMU
 * changes: a guest's kernel is really booted, because there are hosts whose KVM starts a machine and fails at its first odd
 * instruction. Rejects with hardware.program-missing.
 */
export function probeQemu(boot: ProbeBoot, folder: string): Promise<QemuProbe> {
  let probe = probes.get(boot.kernel);
  if (probe === undefined) {
    probe = run(boot, folder);
    probes.set(boot.kernel, probe);
    probe.catch(() => probes.delete(boot.kernel));
  }
  return probe;
}

/** @throws AppError hardware.program-missing */
export async function qemuVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)(QEMU_BINARY, ["--version"]).catch((cause: unknown) => {
    throw missing(cause);
  });
  return /version ([0-9.]+)/.exec(stdout)?.[1] ?? "unknown";
}

/** Differs where another QEMU would be started: by all that it says of its version, and by its program's file. */
export async function qemuIdentity(): Promise<string> {
  const { stdout } = await promisify(execFile)(QEMU_BINARY, ["--version"]).catch((cause: unknown) => {
    throw missing(cause);
  });
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const files = await Promise.all(folders.map((folder) => fsp.stat(path.join(folder, QEMU_BINARY)).catch(() => null)));
  const file = files.find((found) => found !== null);
  return JSON.stringify([stdout, file?.size, file?.mtimeMs]);
}

async function run(boot: ProbeBoot, folder: string): Promise<QemuProbe> {
  const version = await qemuVersion();
  const kvmFailure = (await kvmDeviceFailure()) || (await keptFailure(version, boot, folder));
  return { version, accelerator: kvmFailure === "" ? "kvm" : "tcg", kvmFailure };
}

/** Why the device cannot be opened, "" where it can. Never cached: a user may join its group at any time. */
export async function kvmDeviceFailure(): Promise<string> {
  try {
    await (await fsp.open(KVM_DEVICE, "r+")).close();
    return "";
  } catch (error) {
    return messageOf(error);
  }
}

/** Why KVM cannot run the kernel, "" where it can: from the cache, or tried now. */
export async function keptFailure(version: string, boot: ProbeBoot, folder: string): Promise<string> {
  const file = path.join(folder, "kvm.json");
  const hostBoot = await bootId();
  const kept = await readAnswers(file);
  const isOurs = kept?.bootId === hostBoot && kept.version === version;
  const kvmFailures = isOurs ? kept.kvmFailures : {};
  const known = kvmFailures[boot.kernel];
  if (known !== undefined) return known;
  const { failure, isLasting } = await tryBoot(boot);
  // A host that was busy or short of memory may succeed next time.
  if (!isLasting) return failure;
  await fsp.mkdir(folder, { recursive: true });
  const answers = { bootId: hostBoot, version, kvmFailures: { ...kvmFailures, [boot.kernel]: failure } };
  await writeFileAtomically(file, JSON.stringify(answers), { mode: 0o644 });
  return failure;
}

/** null where nothing is cached, or the file cannot be read: then KVM is tried again. */
async function readAnswers(file: string): Promise<z.infer<typeof answersSchema> | null> {
  try {
    return answersSchema.parse(JSON.parse(await fsp.readFile(file, "utf8")));
  } catch {
    return null;
  }
}

interface BootResult {
  /** What QEMU said; "" = it booted. */
  failure: string;
  /** The result is deterministic and may be cached: the guest booted, or KVM itself stopped the machine. */
  isLasting: boolean;
}

/** Boots the kernel under KVM to a first program that switches off at once. */
export function tryBoot(boot: ProbeBoot, timeoutMs = PROBE_TIMEOUT_MS): Promise<BootResult> {
  return new Promise((resolve, reject) => {
    const [command, args] = boundToUs("KILL", QEMU_BINARY, [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", ...qemuAccelerator("kvm")],
      ...["-smp", "2", "-m", "size=256M", "-no-reboot", "-kernel", boot.kernel, "-initrd", boot.initrd],
      ...["-append", "quiet panic=-1 atoll.probe", "-qmp", "stdio"],
    ]);
    const child = spawn(command, args, { timeout: timeoutMs, killSignal: "SIGKILL" });
    /** Why it switched off. */
    let shutdown: string | null = null;
    let isStoppedByKvm = false;
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors = `${errors}${chunk.toString("utf8")}`.slice(0, 4_000)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = z
        .looseObject({ event: z.string(), data: z.unknown().optional() })
        .safeParse(JSON.parse(line)).data;
      const reason = z.object({ reason: z.string() }).safeParse(message?.data).data?.reason;
      if (message?.event === "SHUTDOWN") shutdown = reason ?? "";
      // Stopped without a shutdown: an internal error of KVM.
      else if (message?.event === "STOP" && shutdown === null) {
        isStoppedByKvm = true;
        child.kill("SIGKILL");
      }
    });
    child.on("error", (cause) => reject(missing(cause)));
    child.on("close", () => {
      const firstLine =
        errors
          .trim()
          .split("\n")[0]
          ?.replace(/^.*qemu-system-x86_64: /, "") ?? "";
      const hasBooted = shutdown === "guest-shutdown";
      const failure = hasBooted ? "" : firstLine || `a guest did not boot within ${timeoutMs / 1000} s`;
      resolve({ failure, isLasting: hasBooted || isStoppedByKvm });
    });
    // A QEMU that fails early closes its input; its message is on standard error.
    child.stdin.on("error", () => undefined);
    child.stdin.write('{"execute":"qmp_capabilities"}\n');
  });
}

function missing(cause: unknown): AppError {
  const reason = messageOf(cause);
  return new AppError(
    "hardware.program-missing",
    `${QEMU_BINARY} cannot be started (${reason}): install Debian's qemu-system-x86.`,
    {},
    { cause },
  );
}
