/** What `atoll doctor` says of what keeps a VM's QEMU from the rest of this machine. Pure. */
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { ALLOW_NAMESPACES } from "../../base/user-namespaces.ts";
import type { HostConfinement } from "./host-probes.ts";

/** Which box each QEMU has, and what it is not kept from where that is not the whole one. */
export function boxCheck(found: HostConfinement): DoctorCheck {
  const { gaps, gapsReason } = found;
  const used = wordsOfBox(found);
  if (gaps.length === 0)
    return { id: "box", status: "ok", detail: `a VM's QEMU sees nothing but that VM's files (${used})`, remedy: "" };
  return {
    id: "box",
    status: "warn",
    detail: `a VM's QEMU is not kept from ${gaps.join(", ")}: ${gapsReason}; what it has is ${used}`,
    remedy: gapsReason.includes("not installed") ? "apt-get install bubblewrap" : ALLOW_NAMESPACES,
  };
}

function wordsOfBox({ box: { namespaces, landlock }, landlockFailure }: HostConfinement): string {
  const withLandlock = landlock === null ? `without Landlock (${landlockFailure})` : "and Landlock";
  if (namespaces !== null)
    return `${namespaces.ownNetwork ? "namespaces" : "namespaces but that of the network"}, ${withLandlock}`;
  // What every QEMU has, on any host.
  const always = "no way to more privileges and a filter of system calls";
  return landlock === null ? `${always}, ${withLandlock}` : `Landlock, which keeps it to that VM's files, ${always}`;
}

/** How its share of the machine is bounded. */
export function weightCheck({ limits, limitsFailure }: HostConfinement): DoctorCheck {
  const gives = `a VM's QEMU gives way to other programs: ${["nice", ...limits].join(", ")}`;
  if (limitsFailure === "") return { id: "weight", status: "ok", detail: gives, remedy: "" };
  return {
    id: "weight",
    status: "warn",
    detail: `${gives}; its memory or processor share is not bounded: ${limitsFailure}`,
    remedy: "Start Atoll in a session of systemd's (where systemctl --user works).",
  };
}
