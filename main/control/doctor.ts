/** What Atoll needs of this machine, checked. */
import fsp from "node:fs/promises";
import os from "node:os";
import type { DoctorCheck } from "#shared/ipc/control.ts";
import { resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { probeHost } from "../hardware/host.ts";
import { templateViews } from "./template-views.ts";

const LOW_MEMORY_MIB = 1024;
const LOW_DISK_MIB = 2048;

export async function doctor(): Promise<DoctorCheck[]> {
  return (await Promise.all([qemu(), memory(), disk(), templates()])).flat();
}

async function qemu(): Promise<DoctorCheck[]> {
  try {
    const probe = await probeHost();
    const isKvm = probe.accelerator === "kvm";
    return [
      { id: "qemu", status: "ok", detail: `QEMU ${probe.version}`, remedy: "" },
      {
        id: "accelerator",
        status: isKvm ? "ok" : "warn",
        detail: isKvm ? "KVM" : `TCG (emulation, several times slower): KVM does not work here: ${probe.kvmFailure}`,
        remedy: isKvm ? "" : "Switch on virtualisation in the firmware, and let your user open /dev/kvm (group kvm).",
      },
    ];
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return [{ id: "qemu", status: "fail", detail, remedy: "apt-get install qemu-system-x86 qemu-utils" }];
  }
}

async function memory(): Promise<DoctorCheck> {
  const text = await fsp.readFile("/proc/meminfo", "utf8").catch(() => "");
  const availableMiB = Math.round(Number(/MemAvailable:\s+(\d+)/.exec(text)?.[1] ?? os.freemem() / 1024) / 1024);
  const isLow = availableMiB < LOW_MEMORY_MIB;
  return {
    id: "memory",
    status: isLow ? "warn" : "ok",
    detail: `${availableMiB} MiB available`,
    remedy: isLow ? "Close something, or stop a VM: each takes about half a gibibyte." : "",
  };
}

async function disk(): Promise<DoctorCheck> {
  const folder = resolveCacheDir();
  await fsp.mkdir(folder, { recursive: true });
  const stat = await fsp.statfs(folder);
  const freeMiB = Math.floor((stat.bavail * stat.bsize) / 1_048_576);
  const isLow = freeMiB < LOW_DISK_MIB;
  return {
    id: "disk",
    status: isLow ? "warn" : "ok",
    detail: `${freeMiB} MiB free in ${folder}`,
    remedy: isLow ? "Make room, or set ATOLL_CACHE to another disk." : "",
  };
}

async function templates(): Promise<DoctorCheck[]> {
  return (await templateViews()).map(({ name, built }) => ({
    id: `template-${name}`,
    status: built ? "ok" : name === "debian" ? "fail" : "ok",
    detail: built ? `${name} is built` : `${name} is not built`,
    remedy: built ? "" : `atoll template build ${name}`,
  }));
}
