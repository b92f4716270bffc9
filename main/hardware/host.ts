/** What this host offers to VMs, for whoever asks about the host (doctor, benches) and not about one driver. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { cachePaths, recipeNamed, resolveCacheDir, templateStatus } from "../../images/builder/index.ts";
import { kvmDeviceFailure, probeQemu, qemuVersion, type ProbeBoot, type QemuProbe } from "./qemu/probe.ts";

/** The template that every installation has. */
const DEFAULT_TEMPLATE = "debian";

/**
 * What QEMU does on this machine. Until a template is built there is nothing to boot, and `accelerator` says only whether
 * KVM's device can be opened. Rejects with hardware.program-missing.
 */
export async function probeHost(): Promise<QemuProbe> {
  const cacheDir = resolveCacheDir();
  const boot = await probeBoot(cacheDir);
  if (boot !== null) return probeQemu(boot, cachePaths(cacheDir).probesDir);
  const version = await qemuVersion();
  const kvmFailure = await kvmDeviceFailure();
  return { version, accelerator: kvmFailure === "" ? "kvm" : "tcg", kvmFailure };
}

async function probeBoot(cacheDir: string): Promise<ProbeBoot | null> {
  const { built } = await templateStatus(recipeNamed(DEFAULT_TEMPLATE, null), cacheDir);
  if (built === null) return null;
  const folder = cachePaths(cacheDir).bootDir;
  const initrds = (await readdir(folder).catch(() => [])).map((name) => path.join(folder, name, "initrd.img"));
  const dated = await Promise.all(
    initrds.map(async (initrd) => ({ initrd, at: (await stat(initrd).catch(() => null))?.mtimeMs ?? 0 })),
  );
  const newest = dated.filter(({ at }) => at > 0).toSorted((one, other) => other.at - one.at)[0];
  return newest === undefined ? null : { kernel: built.vmlinux, initrd: newest.initrd };
}
