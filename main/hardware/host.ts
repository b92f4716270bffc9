/** What this host offers to VMs, for whoever asks about the host (doctor, benches) and not about one driver. */
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { qemuChecks } from "./qemu/host-checks.ts";

export { probeHost } from "./qemu/host-probes.ts";

/** What `atoll doctor` says of the programs that run VMs. Never rejects. */
export function hostChecks(): Promise<DoctorCheck[]> {
  return qemuChecks();
}
