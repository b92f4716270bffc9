/** The desktop's colours. */
import { z } from "zod";

/** `system`: as the host's desktop has it. */
export const themeChoice = z.enum(["system", "dark", "light"]);
export type ThemeChoice = z.infer<typeof themeChoice>;

export const themeState = z.strictObject({
  choice: themeChoice,
  /** What is shown by it. */
  shown: z.enum(["dark", "light"]),
});
export type ThemeState = z.infer<typeof themeState>;
