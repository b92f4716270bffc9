/** What QEMU finds on this host, tried: its accelerator, and how far a machine is kept from all else. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { DEFAULT_TEMPLATE } from "#shared/model/vm.ts";
import { cachePaths, recipeNamed, resolveCacheDir, templateStatus } from "../../../images/builder/index.ts";
import { type Box, gapsOf } from "./box.ts";
import { probeBox } from "./box-probe.ts";
import { probeScope } from "./weight.ts";
import { kvmDeviceFailure, probeQemu, qemuVersion, type ProbeBoot, type QemuProbe } from "./probe.ts";

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

export interface HostConfinement {
  /** The strongest that can be made here: each QEMU has it. */
  box: Box;
  /** What a QEMU is not kept from, in words; none = it sees nothing but its own VM's files. */
  gaps: string[];
  /** Why there are gaps, "" where there are none. */
  gapsReason: string;
  /** Why Landlock does not say the same a second time, "" where it does. */
  landlockFailure: string;
  /** Limits of systemd's that a VM's QEMU has. */
  limits: readonly string[];
  /** Why not all of them, "" where it has. */
  limitsFailure: string;
}

/** How far this host keeps a QEMU from all else, and how its share is bounded. Made and looked at, for nothing says so for sure. */
export async function probeConfinement(): Promise<HostConfinement> {
  const [{ box, namespacesFailure, landlockFailure }, scope] = await Promise.all([probeBox(), probeScope()]);
  return {
    box,
    gaps: gapsOf(box),
    gapsReason: namespacesFailure,
    landlockFailure,
    limits: scope.limits,
    limitsFailure: scope.failure,
  };
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
