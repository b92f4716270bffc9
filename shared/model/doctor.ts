/** What `atoll doctor` says. */
import { z } from "zod";

export const doctorCheck = z.strictObject({
  id: z.string(),
  status: z.enum(["ok", "warn", "fail"]),
  detail: z.string(),
  /** "" where nothing is to be done. */
  remedy: z.string(),
});
export type DoctorCheck = z.infer<typeof doctorCheck>;
