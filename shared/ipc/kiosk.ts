/** Kiosks: programs that are kept ready in disposables. */
import { z } from "zod";
import { kioskView } from "../model/kiosk.ts";
import { MACHINE_ORIGINS } from "../model/vm.ts";
import { MAX_ARGV, MAX_ARGV_BYTES } from "../protocol/limits.ts";
import { domain, event, request } from "./declare.ts";
import { nothing, windowId } from "./fields.ts";

export const kioskContract = domain({
  requests: {
    "kiosk.list": request({ from: ["page", "cli"], input: nothing, output: z.array(kioskView) }),
    /**
     * Answered when its window is there. Where its template is not built that is built first.
     * @throws AppError kiosk.not-found, disposable.no-memory, disposable.too-many, template.*, app.*
     */
    "kiosk.start": request({
      from: ["page", "cli"],
      input: z.strictObject({
        kiosk: z.string().max(100),
        /** What its program opens. */
        args: z.array(z.string().max(MAX_ARGV_BYTES)).max(MAX_ARGV).default([]),
      }),
      output: z.strictObject({
        /** Its name. */
        vm: z.string(),
        windowId,
        /** Milliseconds from the request to this answer. */
        ms: z.int().min(0),
        /** `ready`: it was kept ready. */
        origin: z.enum([...MACHINE_ORIGINS, "ready"]),
      }),
    }),
  },
  events: {
    "kiosk.changed": event({ to: ["page"], payload: z.strictObject({ kiosks: z.array(kioskView) }) }),
  },
});
