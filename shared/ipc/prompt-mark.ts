/** The mark on the host's prompts. The command may have another one drawn, but is not told it. */
import { z } from "zod";
import { promptMark } from "../model/prompt-mark.ts";
import { domain, event, request } from "./declare.ts";
import { nothing } from "./fields.ts";

/** null: it cannot be read. */
export const knownMark = promptMark.nullable();

export const promptMarkContract = domain({
  requests: {
    /** Another one is drawn, and kept; also where the present one cannot be read. */
    "promptMark.draw": request({ from: ["page", "cli"], input: nothing, output: z.null() }),
  },
  events: { "promptMark.changed": event({ to: ["page"], payload: knownMark }) },
});
