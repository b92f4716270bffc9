/** What this host offers to VMs, for whoever asks about the host (doctor, benches) and not about one driver. */
export { qemuChecks as hostChecks } from "./qemu/host-checks.ts";
export { probeHost } from "./qemu/host-probes.ts";
