/** What somebody outside of Atoll asks it to open: the host's file manager, its browser, a person at a terminal. */
import { z } from "zod";
import { MAX_URL_BYTES } from "../protocol/limits.ts";

/** PATH_MAX of Linux. */
export const MAX_PATH_BYTES = 4096;
/** At once: a person may mark a whole folder and press Enter. */
export const MAX_LAUNCH_ITEMS = 10_000;

export const launchItem = z.discriminatedUnion("kind", [
  /** Of the host; absolute. */
  z.strictObject({ kind: z.literal("file"), path: z.string().startsWith("/").max(MAX_PATH_BYTES) }),
  /** http, https or mailto. */
  z.strictObject({ kind: z.literal("url"), url: z.string().max(MAX_URL_BYTES) }),
]);
export type LaunchItem = z.infer<typeof launchItem>;

export const launchItems = z.array(launchItem).max(MAX_LAUNCH_ITEMS);
