/** What this machine offers to VMs: for those who ask about the host and not about an adapter. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { cachePaths, resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { recipeNamed } from "../../images/builder/recipes.ts";
import { templateStatus } from "../../images/builder/template.ts";
import { kvmDeviceFailure, probeQemu, qemuVersion, type ProbeBoot, type QemuProbe } from "./qemu/probe.ts";

/** The template that every installation has. */
const DEFAULT_TEMPLATE = "debian";

/**
 * What QEMU does on this machine. Before there is a template that could be booted, `accelerator` says only whether KVM's
 * device can be opened. Rejects with hardware.qemu-missing.
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
