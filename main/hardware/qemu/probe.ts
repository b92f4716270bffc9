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
const PROBE_MEMORY_MIB = 256;
/** How often a guest must not have booted in time before that is believed, and for how long it then is. */
const BELIEVED_TIMEOUTS = 2;
const TIMEOUTS_HOLD_MS = 15 * 60_000;

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
  /** By kernel: how often in a row it did not boot in time, and when it was tried last (Unix time, milliseconds). */
  timeouts: z.record(z.string(), z.object({ count: z.number(), atMs: z.number(), failure: z.string() })),
});
type Answers = z.infer<typeof answersSchema>;
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
  const answers: Answers = isOurs ? kept : { bootId: hostBoot, version, kvmFailures: {}, timeouts: {} };
  const { kernel } = boot;
  const known = answers.kvmFailures[kernel];
  if (known !== undefined) return known;
  const slow = answers.timeouts[kernel];
  // Each such try costs a start of the application all of its time.
  if (slow !== undefined && slow.count >= BELIEVED_TIMEOUTS && Date.now() - slow.atMs < TIMEOUTS_HOLD_MS) {
    return slow.failure;
  }
  const { failure, cause } = await tryBoot(boot);
  if (cause === "kvm") {
    answers.kvmFailures[kernel] = failure;
    delete answers.timeouts[kernel];
  } else if (cause === "timeout") {
    answers.timeouts[kernel] = { count: (slow?.count ?? 0) + 1, atMs: Date.now(), failure };
  } else return failure;
  await fsp.mkdir(folder, { recursive: true });
  await writeFileAtomically(file, JSON.stringify(answers), { mode: 0o644 });
  return failure;
}

/** null where nothing is cached, or the file cannot be read: then KVM is tried again. */
async function readAnswers(file: string): Promise<Answers | null> {
  try {
    return answersSchema.parse(JSON.parse(await fsp.readFile(file, "utf8")));
  } catch {
    return null;
  }
}

interface BootResult {
  /** What QEMU said; "" = it booted. */
  failure: string;
  /**
   * kvm: the guest booted, or KVM itself stopped the machine, which is always the same. timeout: it took too long, as it may
   * on a busy host. other: QEMU or the guest gave up, as where memory is short.
   */
  cause: "kvm" | "timeout" | "other";
}

/** Exit code of bash and setpriv where there is no such program. */
const NOT_FOUND = 127;

/** Boots the kernel under KVM to a first program that switches off at once. */
export function tryBoot(boot: ProbeBoot, timeoutMs = PROBE_TIMEOUT_MS): Promise<BootResult> {
  return new Promise((resolve, reject) => {
    const [command, args] = boundToUs("KILL", QEMU_BINARY, [
      ...["-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35"],
      ...qemuAccelerator({ accelerator: "kvm", memoryMiB: PROBE_MEMORY_MIB }),
      ...["-smp", "2", "-m", `size=${PROBE_MEMORY_MIB}M`, "-no-reboot", "-kernel", boot.kernel, "-initrd", boot.initrd],
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
    child.on("close", (code, signal) => {
      if (code === NOT_FOUND) return reject(missing(new Error(errors)));
      const firstLine =
        errors
          .trim()
          .split("\n")[0]
          ?.replace(/^.*qemu-system-x86_64: /, "") ?? "";
      const hasBooted = shutdown === "guest-shutdown";
      const failure = hasBooted ? "" : firstLine || `a guest did not boot within ${timeoutMs / 1000} s`;
      const cause = hasBooted || isStoppedByKvm ? "kvm" : signal === "SIGKILL" ? "timeout" : "other";
      resolve({ failure, cause });
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
