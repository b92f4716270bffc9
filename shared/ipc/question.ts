/** What belongs to no single question; the questions themselves are declared by their domains. */
import { z } from "zod";
import { domain, report } from "./declare.ts";

export const questionContract = domain({
  reports: {
    /** The prompt of a question is on the screen: the page is able to ask. */
    "question.shown": report({ from: ["page"], input: z.strictObject({ id: z.int() }) }),
  },
});
