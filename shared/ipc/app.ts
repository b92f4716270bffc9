/** Applications of the guests: what there is, and their start. */
import { z } from "zod";
import { type AppView, appView, type OfferedApp, offeredApp } from "../model/app.ts";
import { MAX_ARGV, MAX_ARGV_BYTES } from "../protocol/limits.ts";
import { domain, request } from "./declare.ts";
import { vmReference, waitS, windowId } from "./fields.ts";

const texts = z.array(z.string().max(MAX_ARGV_BYTES)).max(MAX_ARGV);
const apps: z.ZodType<AppView[]> = z.array(appView);
const offeredApps: z.ZodType<OfferedApp[]> = z.array(offeredApp);

export const appContract = domain({
  requests: {
    /** Of one VM, or of all that run (null). */
    "app.list": request({
      from: ["cli"],
      input: z.strictObject({ vm: vmReference.nullable() }),
      output: apps,
    }),
    /** What a menu shows of them: the page gets no more of a guest's lists than it needs. */
    "app.offered": request({
      from: ["page"],
      input: z.strictObject({ vm: vmReference }),
      output: offeredApps,
    }),
    "app.run": request({
      from: ["page", "cli"],
      input: z.strictObject({
        vm: vmReference,
        program: z.union([
          z.strictObject({ appId: z.string().min(1).max(256), files: texts.default([]) }),
          z.strictObject({ argv: texts.min(1) }),
        ]),
        /** How long to wait for its first window. */
        waitWindowS: waitS,
      }),
      output: z.strictObject({
        pid: z.int(),
        /** What windows of this start carry as their `launch`. */
        launch: z.int(),
        /** Where it was waited for. */
        windowId: windowId.optional(),
      }),
    }),
  },
});
