/** What `atoll doctor` says of QEMU on this host. */
import { messageOf } from "#shared/model/app-error.ts";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { boxCheck, weightCheck } from "./confinement-checks.ts";
import { probeConfinement, probeHost } from "./host-probes.ts";

export async function qemuChecks(): Promise<DoctorCheck[]> {
  return (await Promise.all([machines(), confinement()])).flat();
}

async function machines(): Promise<DoctorCheck[]> {
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
    const remedy = "apt-get install qemu-system-x86 qemu-utils";
    return [
      { id: "qemu", status: "fail", detail: messageOf(error), remedy },
      { id: "accelerator", status: "fail", detail: "cannot be tried without QEMU", remedy },
    ];
  }
}

/** What keeps a guest that has broken its QEMU from everything else, and from all of the machine's time and memory. */
async function confinement(): Promise<DoctorCheck[]> {
  const found = await probeConfinement();
  return [boxCheck(found), weightCheck(found)];
}
