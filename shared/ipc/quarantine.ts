/** Files that scanners keep apart: the view "Quarantine" of a scanner's page, and the commands `quarantine`. */
import { z } from "zod";
import { QUARANTINE_STATES, type QuarantinedFile } from "../model/quarantine.ts";
import { crossingParty } from "./crossing.ts";
import { domain, event, request } from "./declare.ts";
import { askS, nothing, vmReference } from "./fields.ts";
import { engineVerdict, fileSha256, scanVerdict } from "./scan.ts";

const id = z.int().min(1);

/** As its type, QuarantinedFile, has it. */
export const quarantinedFile = z.strictObject({
  id,
  path: z.string(),
  bytes: z.int().min(0),
  from: crossingParty,
  to: crossingParty.nullable(),
  time: z.iso.datetime(),
  service: z.string(),
  state: z.enum(QUARANTINE_STATES),
  sha256: fileSha256,
  verdict: scanVerdict,
  engines: z.array(engineVerdict),
  now: z
    .strictObject({ verdict: scanVerdict, engines: z.array(engineVerdict), time: z.iso.datetime() })
    .nullable()
    .default(null),
}) satisfies z.ZodType<QuarantinedFile>;

export const quarantineContract = domain({
  requests: {
    /** Newest first. */
    "quarantine.list": request({ from: ["page", "cli"], input: nothing, output: z.array(quarantinedFile) }),
    /**
     * The person is asked, whatever the policy allows; then the file goes to where it was on its way to, else to where it came
     * from, or to `to` (null: the host), and is in quarantine no more. `path`: where it is there.
     * @throws AppError quarantine.*, policy.denied, policy.unanswered, vm.not-found, vm.not-running, transfer.failed
     */
    "quarantine.restore": request({
      from: ["page", "cli"],
      input: z.strictObject({ id, to: vmReference.nullable().optional(), askS }),
      output: z.strictObject({ path: z.string() }),
    }),
    /** @throws AppError quarantine.not-found, quarantine.not-running */
    "quarantine.delete": request({ from: ["page", "cli"], input: z.strictObject({ id }), output: z.null() }),
  },
  events: {
    /** What is in quarantine, or can be restored, is something else. */
    "quarantine.changed": event({ to: ["page"], payload: nothing }),
  },
});
