/** What this machine offers to VMs: for those who ask about the host and not about an adapter. */
export { probeQemu } from "./qemu/probe.ts";
