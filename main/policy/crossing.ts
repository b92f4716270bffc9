/** What the policy is asked: who does what to whom. Plain data, made by brokers of what the channels say, never of a guest's words. */
import type { LabelName } from "#shared/model/label.ts";
import type { PolicyAction } from "#shared/model/policy.ts";
import type { VmId, VmRole, VmView } from "#shared/model/vm.ts";

/** A VM as rules see it. */
export interface VmParty {
  readonly kind: "vm";
  /** null: no VM that there is, but one of this kind (in the tests of a policy file). */
  readonly id: VmId | null;
  readonly name: string;
  readonly label: LabelName | null;
  readonly role: VmRole;
  readonly template: string | null;
  /** Of a disposable that is for another VM: that one, whose rules say what it connects to; null: that VM is gone. */
  readonly forVm?: VmParty | null;
}

/** @param vms all that there are; they are needed where it connects to something */
export function partyOf({ id, name, label, role, template, forVm }: VmView, vms: readonly VmView[] = []): VmParty {
  const party = { kind: "vm", id, name, label, role, template } as const;
  if (forVm === undefined) return party;
  const caller = vms.find((vm) => vm.id === forVm);
  return { ...party, forVm: caller === undefined ? null : partyOf({ ...caller, forVm: undefined }, vms) };
}

/** The person's own machine. */
export interface HostParty {
  readonly kind: "host";
}

/** A disposable VM that is made for this crossing. */
export interface NewDisposable {
  readonly kind: "new-disposable";
}

export type Party = VmParty | HostParty | NewDisposable;

/** What has ports. */
export type Transport = "tcp" | "udp";

/** Where a connection of `net.connect` goes. A name is compared without regard to case. */
export interface Destination {
  readonly kind: "destination";
  /** As it was asked for; null: an address without a name. */
  readonly name: string | null;
  /** IPv4 or IPv6; null: only the name is known. */
  readonly address: string | null;
  /** null: any. */
  readonly port: number | null;
  /** null: TCP, where there is a port. */
  readonly protocol: Transport | null;
}

/** Another VM, to which a connection of `net.connect` goes. */
export interface VmPlace {
  readonly kind: "vm-place";
  readonly vm: VmParty;
  /** null: any. */
  readonly port: number | null;
  /** null: TCP, where there is a port. */
  readonly protocol: Transport | null;
}

/** Of `service.use`: the name of an installed service. */
export interface ServiceParty {
  readonly kind: "service";
  readonly name: string;
}

export interface Crossing {
  readonly action: PolicyAction;
  readonly from: Party;
  readonly to: Party | Destination | VmPlace | ServiceParty;
  /** A MIME type without its parameters; null: not known yet, or there is none. */
  readonly type: string | null;
  /** null: not known yet. */
  readonly bytes: number | null;
}

export const HOST: HostParty = { kind: "host" };
export const NEW_DISPOSABLE: NewDisposable = { kind: "new-disposable" };

/** One that is there, or one that is made. */
export function isDisposable(party: Crossing["to"]): boolean {
  return party.kind === "new-disposable" || (party.kind === "vm" && party.role === "disposable");
}
