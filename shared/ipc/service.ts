/** Service VMs: the view "Services", and the commands `service`. */
import { z } from "zod";
import { serviceInfo, serviceLogLine, serviceSheet, serviceView, settingValue } from "../model/service.ts";
import { domain, event, request } from "./declare.ts";
import { nothing } from "./fields.ts";

const reference = z.string().max(10_000);
const named = z.strictObject({ name: reference });
const folder = z.strictObject({ folder: z.string().min(1).max(4096) });

export const serviceContract = domain({
  requests: {
    "service.list": request({ from: ["page", "cli"], input: nothing, output: z.array(serviceView) }),
    /** @throws AppError service.not-found, as all that follow */
    "service.info": request({ from: ["page", "cli"], input: named, output: serviceInfo }),
    /** Builds its image where it is missing; answered when it is healthy. @throws AppError template.*, service.not-healthy */
    "service.start": request({ from: ["page", "cli"], input: named, output: serviceView }),
    /** Answered when its VM has ended. */
    "service.stop": request({ from: ["page", "cli"], input: named, output: serviceView }),
    /**
     * To what it had before its signatures became others. Answered when that is in force.
     * @throws AppError service.not-healthy, scan.no-signatures-before, scan.signatures-refused
     */
    "service.back": request({ from: ["page", "cli"], input: named, output: serviceView }),
    /**
     * To the version before, with the settings that it had. Answered when it is healthy, where it ran.
     * @throws AppError service.no-version-before, service.busy, service.not-healthy
     */
    "service.backToVersion": request({ from: ["page", "cli"], input: named, output: serviceView }),
    /** The last 500 lines. */
    "service.log": request({ from: ["page", "cli"], input: named, output: z.array(serviceLogLine) }),
    /** In force when it is answered, where the service runs. @throws AppError service.bad-setting, scan.signatures-refused */
    "service.set": request({
      from: ["page", "cli"],
      input: z.strictObject({ name: reference, values: z.record(z.string().max(100), settingValue) }),
      output: serviceInfo,
    }),
    /** What a folder asks for. @throws AppError service.bad-folder, service.bad-signature, service.expired */
    "service.sheet": request({
      from: ["cli"],
      input: folder,
      output: serviceSheet,
    }),
    /** @throws AppError service.* */
    "service.install": request({ from: ["cli"], input: folder, output: serviceView }),
    /** With its VM, its disk and its settings. @throws AppError service.built-in */
    "service.remove": request({ from: ["page", "cli"], input: named, output: z.null() }),
    /** The manifest's tests, on the service as it runs, and that it has no right which it has not asked for. */
    "service.test": request({
      from: ["page", "cli"],
      input: named,
      output: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    }),
  },
  events: {
    /** At most four times a second. */
    "service.changed": event({ to: ["page"], payload: z.strictObject({ services: z.array(serviceView) }) }),
  },
});
