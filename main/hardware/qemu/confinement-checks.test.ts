import { expect, it } from "vitest";
import { ALLOW_NAMESPACES } from "../../base/user-namespaces.ts";
import type { HostConfinement } from "./host-probes.ts";
import { boxCheck, weightCheck } from "./confinement-checks.ts";

const WHOLE = { ownUser: true, ownNetwork: true };
const NO_NETWORK = { ownUser: true, ownNetwork: false };
const NO_BWRAP = "bwrap is not installed";
const OLD_SETPRIV = "setpriv: unrecognized option '--landlock-access'";
const SETTING = "bwrap: No permissions to create new namespace";

type Box = HostConfinement["box"];

const FILES = "your other files";
const NOT_FILES = ["sockets of other programs", "the host's network", "your other processes"];

function found(box: Box, change: Partial<HostConfinement> = {}): HostConfinement {
  return { box, gaps: [], gapsReason: "", landlockFailure: "", limits: [], limitsFailure: "", ...change };
}

it.each<[string, Box, Partial<HostConfinement>, { status: string; detail: string; remedy: string }]>([
  [
    "the whole box and Landlock",
    { namespaces: WHOLE, landlock: "files" },
    {},
    {
      status: "ok",
      detail: "a VM's QEMU sees nothing but that VM's files (namespaces, and Landlock)",
      remedy: "",
    },
  ],
  [
    "the whole box",
    { namespaces: WHOLE, landlock: null },
    { landlockFailure: OLD_SETPRIV },
    {
      status: "ok",
      detail: `a VM's QEMU sees nothing but that VM's files (namespaces, without Landlock (${OLD_SETPRIV}))`,
      remedy: "",
    },
  ],
  [
    "no network namespace",
    { namespaces: NO_NETWORK, landlock: null },
    { gaps: ["the host's network"], gapsReason: "loopback: Failed RTM_NEWADDR", landlockFailure: OLD_SETPRIV },
    {
      status: "warn",
      detail: `a VM's QEMU is not kept from the host's network: loopback: Failed RTM_NEWADDR; what it has is namespaces but that of the network, without Landlock (${OLD_SETPRIV})`,
      remedy: ALLOW_NAMESPACES,
    },
  ],
  [
    "Landlock alone",
    { namespaces: null, landlock: "files-and-devices" },
    { gaps: NOT_FILES, gapsReason: SETTING },
    {
      status: "warn",
      detail: `a VM's QEMU is not kept from sockets of other programs, the host's network, your other processes: ${SETTING}; what it has is Landlock, which keeps it to that VM's files, no way to more privileges and a filter of system calls`,
      remedy: ALLOW_NAMESPACES,
    },
  ],
  [
    "neither",
    { namespaces: null, landlock: null },
    { gaps: [FILES, ...NOT_FILES], gapsReason: NO_BWRAP, landlockFailure: OLD_SETPRIV },
    {
      status: "warn",
      detail: `a VM's QEMU is not kept from your other files, sockets of other programs, the host's network, your other processes: ${NO_BWRAP}; what it has is no way to more privileges and a filter of system calls, without Landlock (${OLD_SETPRIV})`,
      remedy: "apt-get install bubblewrap",
    },
  ],
])("a host that makes %s", (_, box, change, check) => {
  expect(boxCheck(found(box, change))).toEqual({ id: "box", ...check });
});

it.each([
  [["CPUWeight", "MemoryMax"], "", "ok", "nice, CPUWeight, MemoryMax"],
  [
    ["MemoryMax"],
    "not all controllers",
    "warn",
    "nice, MemoryMax; its memory or processor share is not bounded: not all",
  ],
  [
    [],
    "systemd-run is not installed",
    "warn",
    "nice; its memory or processor share is not bounded: systemd-run is not",
  ],
])("of a scope with the limits %j", (limits, limitsFailure, status, words) => {
  const check = weightCheck(found({ namespaces: WHOLE, landlock: null }, { limits, limitsFailure }));
  expect(check).toMatchObject({ id: "weight", status });
  expect(check.detail).toContain(`a VM's QEMU gives way to other programs: ${words}`);
  expect(check.remedy === "").toBe(status === "ok");
});
