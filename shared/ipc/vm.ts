/** Virtual machines: what they are, and what can be done to them. */
import { z } from "zod";
import { LABEL_NAMES } from "../model/label.ts";
import {
  MACHINE_ORIGINS,
  START_PHASES,
  VM_ROLES,
  VM_STATE_REASONS,
  VM_STATES,
  type VmStatus,
  type VmView,
} from "../model/vm.ts";
import { domain, event, question, request } from "./declare.ts";
import { nothing, vmId, vmReference, waitS } from "./fields.ts";

const label = z.enum(LABEL_NAMES);
const network = z.enum(["none", "firewall", "direct"]);

const viewFields = {
  id: vmId,
  name: z.string(),
  label,
  template: z.string().nullable(),
  driver: z.string(),
  state: z.enum(VM_STATES),
  stateReason: z.enum(VM_STATE_REASONS).nullable(),
  role: z.enum(VM_ROLES),
  network: network.nullable(),
  via: z.string().optional(),
  forVm: vmId.optional(),
  windows: z.int().min(0),
  uptimeS: z.int().min(0).nullable(),
  accelerator: z.enum(["kvm", "tcg"]).nullable(),
};
const vmView: z.ZodType<VmView> = z.strictObject(viewFields);
export const vmStatuses: z.ZodType<VmStatus[]> = z.array(
  z.strictObject({
    ...viewFields,
    isInDoubt: z.literal(true).optional(),
    startPhase: z.enum(START_PHASES).nullable(),
    origin: z.enum(MACHINE_ORIGINS).nullable(),
    memoryMiB: z.int().optional(),
    cpus: z.int().optional(),
    networkDetail: z.string(),
    stateDetail: z.string(),
  }),
);

/**
 * An order to a VM. Without `waitS` it is answered when the order is done (for `vm.stop`: has begun); with it, when the VM
 * is in the state that the order is for.
 */
const vmOrder = request({
  from: ["page", "cli"],
  input: z.strictObject({ vm: vmReference, waitS }),
  output: vmView,
  waitsFor: "vms",
});

export const vmContract = domain({
  requests: {
    "vm.list": request({ from: ["cli"], input: nothing, output: z.array(vmView), waitsFor: "all" }),
    "vm.info": request({ from: ["cli"], input: z.strictObject({ vm: vmReference }), output: vmView }),
    "vm.create": request({
      from: ["page", "cli"],
      /**
       * `machine`: the driver's name (else the default one's) and its own options, which the driver parses. The page makes VMs of
       * the default driver alone: it names no sockets of this computer. @throws AppError usage.bad-argument, vm.*
       */
      input: z.strictObject({
        name: vmReference,
        label,
        role: z.enum(VM_ROLES).default("app"),
        machine: z.looseObject({ driver: z.string().max(100).optional() }),
      }),
      output: vmView,
    }),
    /** Changes the VM's definition file; what is not named stays as it is. @throws AppError vm.unsupported, vm.bad-definition */
    "vm.set": request({
      from: ["page", "cli"],
      input: z.strictObject({
        vm: vmReference,
        label: label.optional(),
        role: z.enum(VM_ROLES).optional(),
        /** MiB. */
        memory: z.int().optional(),
        cpus: z.int().optional(),
        network: network.optional(),
        /** A service's name, by which its network goes to the firewall; "none": by none. */
        via: z.string().max(100).optional(),
      }),
      output: z.strictObject({
        vm: vmView,
        /** Which of the changes count from the VM's next start on. */
        fromNextStart: z.array(z.enum(["memory", "cpus", "network"])),
      }),
    }),
    "vm.start": vmOrder,
    "vm.stop": vmOrder,
    "vm.kill": request({
      from: ["page", "cli"],
      /** `confirm`: the person at the desktop is asked first; where they say no, nothing happens. */
      input: z.strictObject({ vm: vmReference, waitS, confirm: z.boolean().default(false) }),
      output: vmView,
      waitsFor: "vms",
    }),
    "vm.pause": vmOrder,
    "vm.resume": vmOrder,
    /** With its disk. @throws AppError vm.busy, vm.unsupported */
    "vm.remove": vmOrder,
  },
  events: { "vm.changed": event({ to: ["page"], payload: vmStatuses }) },
  questions: {
    /** Shall this VM lose its power at once? */
    "vm.kill": question({ payload: z.strictObject({ vm: vmId }), answer: z.boolean() }),
  },
});
