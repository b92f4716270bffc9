/** The desktop's colours: a person's choice, and what is shown by it. */
import { z } from "zod";
import { themeChoice, themeState } from "../model/theme.ts";
import { domain, event, request } from "./declare.ts";

export const themeContract = domain({
  requests: {
    /** Remembered in the settings. */
    "theme.choose": request({ from: ["page"], input: z.strictObject({ choice: themeChoice }), output: z.null() }),
  },
  events: { "theme.changed": event({ to: ["page"], payload: themeState }) },
});
