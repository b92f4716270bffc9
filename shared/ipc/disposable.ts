/** Disposables: VMs that are made for one task and are gone with it. */
import { z } from "zod";
import { MACHINE_ORIGINS } from "../model/vm.ts";
import { MAX_ARGV, MAX_ARGV_BYTES } from "../protocol/limits.ts";
import { domain, request } from "./declare.ts";
import { vmReference, windowId } from "./fields.ts";

const texts = z.array(z.string().max(MAX_ARGV_BYTES)).max(MAX_ARGV);

export const disposableContract = domain({
  requests: {
    /**
     * Answered when the program's first window is there; without a program, when the VM's agent answers.
     * @throws AppError disposable.no-memory, disposable.too-many, template.*, app.*
     */
    "disposable.start": request({
      from: ["page", "cli"],
      input: z.strictObject({
        /** null: that of `forVm`, else the default one. */
        template: z.string().max(10_000).nullable().default(null),
        network: z.enum(["none", "firewall"]).default("none"),
        program: z
          .union([
            z.strictObject({ appId: z.string().min(1).max(256), files: texts.default([]) }),
            z.strictObject({ argv: texts.min(1) }),
          ])
          .nullable()
          .default(null),
        /** The VM for which it is: the disposable has its label, and no wider network. */
        forVm: vmReference.nullable().default(null),
      }),
      output: z.strictObject({
        /** Its name. */
        vm: z.string(),
        /** null: no program was asked for. */
        windowId: windowId.nullable(),
        /** Milliseconds from the request to this answer. */
        ms: z.int().min(0),
        origin: z.enum(MACHINE_ORIGINS),
      }),
    }),
  },
});
