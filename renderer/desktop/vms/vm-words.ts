/** What the view "VMs" says of each, and in what order they stand there. Pure. */
import type { KioskView } from "#shared/model/kiosk.ts";
import type { TemplateView } from "#shared/model/template.ts";
import { isIdleService, type VmNetwork, type VmRole, type VmStatus } from "#shared/model/vm.ts";
import { countOf } from "../../ui/format.ts";

interface VmSection {
  title: string;
  vms: readonly VmStatus[];
}

/** A person's own, what is gone after its use, and what works for others. Empty ones are left out. */
export function sectionsOf(vms: readonly VmStatus[]): VmSection[] {
  const shown = vms.filter((vm) => !isIdleService(vm));
  const all = [
    { title: "Yours", vms: shown.filter(({ role }) => role !== "disposable" && role !== "service") },
    { title: "Disposable", vms: shown.filter(({ role }) => role === "disposable") },
    { title: "Services", vms: shown.filter(({ role }) => role === "service") },
  ];
  return all.filter((section) => section.vms.length > 0);
}

export function summaryOf(vms: readonly VmStatus[]): string {
  const own = vms.filter(({ role }) => role !== "disposable" && role !== "service");
  const running = own.filter(({ state }) => state === "running").length;
  const disposables = vms.filter(({ role }) => role === "disposable").length;
  const kept = own.length === 0 ? "None of your own" : `${countOf(own.length, "VM")}, ${running || "none"} running`;
  return disposables === 0 ? `${kept}.` : `${kept}; ${countOf(disposables, "disposable")}.`;
}

const ROLES: Readonly<Record<VmRole, string>> = {
  app: "Programs",
  work: "Work",
  vault: "Vault",
  disposable: "Disposable",
  service: "Service",
};

/** What it is for: of a kiosk's, what runs in it. */
export function roleWords({ role, template }: VmStatus, kiosks: readonly KioskView[]): string {
  const kiosk = role === "disposable" ? kiosks.find((one) => one.template === template) : undefined;
  return kiosk === undefined ? ROLES[role] : `Kiosk: ${kiosk.title}`;
}

const NETWORKS: Readonly<Record<VmNetwork, string>> = { none: "None", firewall: "Firewall", direct: "Direct" };

export function networkWords({ network, via }: Pick<VmStatus, "network" | "via">): string {
  if (network === null) return "Not Atoll’s";
  return network === "firewall" && via !== undefined ? `Firewall, by ${via}` : NETWORKS[network];
}

export interface Size {
  memoryMiB: number;
  cpus: number;
}

/** What it starts with; null: nobody knows. */
export function sizeOf({ memoryMiB, cpus, template }: VmStatus, templates: readonly TemplateView[]): Size | null {
  const own = templates.find(({ name }) => name === template);
  const memory = memoryMiB ?? own?.memoryMiB;
  return memory === undefined ? null : { memoryMiB: memory, cpus: cpus ?? own?.cpus ?? 1 };
}

export function memoryWords(mib: number): string {
  return mib >= 1024 && mib % 256 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`;
}

export function sizeWords(size: Size | null): string {
  return size === null ? "" : `${memoryWords(size.memoryMiB)}, ${countOf(size.cpus, "processor")}`;
}
