/** Templates, and their builds that the desktop asks for. (The `atoll` command builds them itself, without an application.) */
import { z } from "zod";
import { templateProgress, templateView } from "../model/template.ts";
import { domain, event, request } from "./declare.ts";
import { nothing } from "./fields.ts";

const named = z.strictObject({ name: z.string().max(100) });

export const templateContract = domain({
  requests: {
    "template.list": request({ from: ["page"], input: nothing, output: z.array(templateView) }),
    /** Answered when it is built, at once when it is already; `template.progress` reports the progress until then. */
    "template.build": request({ from: ["page"], input: named, output: z.null() }),
    /** Of a build that runs: its `template.build` is answered with template.cancelled, and nothing of it stays. */
    "template.cancel": request({ from: ["page"], input: named, output: z.null() }),
  },
  events: {
    "template.progress": event({ to: ["page"], payload: templateProgress }),
    /** A build is over: it is built, has failed, or was cancelled. */
    "template.ended": event({ to: ["page"], payload: named }),
  },
});
