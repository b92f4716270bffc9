/** Files of a person (VM definitions, settings) that are not used, because something is wrong with them. */
import { z } from "zod";
import type { FileProblem } from "../model/yaml-file.ts";
import { domain, event, request } from "./declare.ts";
import { nothing } from "./fields.ts";

export const problem: z.ZodType<FileProblem> = z.strictObject({
  file: z.string(),
  line: z.int().min(1),
  column: z.int().min(1),
  reason: z.string(),
});
export const problems = z.array(problem);

export const problemContract = domain({
  requests: { "problem.list": request({ from: ["cli"], input: nothing, output: problems }) },
  events: { "problems.changed": event({ to: ["page"], payload: problems }) },
});
