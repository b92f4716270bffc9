/** Fields that several domains have in common. */
import { z } from "zod";
import type { ErrorValue } from "../model/app-error.ts";
import { VM_ID_PATTERN, type VmId } from "../model/vm.ts";
import { MAX_WINDOW_SIDE, parseWindowId, type Rect, type WindowId, type WindowMode } from "../model/window.ts";
import { MAX_COORDINATE } from "../protocol/limits.ts";

export const nothing = z.strictObject({});

/** A VM's name or id. It is looked up, or checked where it is new: a hostile one is "not found", or "bad name". */
export const vmReference = z.string().max(10_000);
export const vmId = z.custom<VmId>((value) => typeof value === "string" && VM_ID_PATTERN.test(value));

/** A window that is looked up: what is no window's id is "not found". */
export const windowReference = z.string().max(10_000);
export const windowId = z.custom<WindowId>((value) => typeof value === "string" && parseWindowId(value) !== null);

/** On the host's screen, physical pixels. */
export const coordinate = z.number().min(-MAX_COORDINATE).max(MAX_COORDINATE);
/** Width or height of a window's content, physical pixels. */
export const windowSide = z.number().min(1).max(MAX_WINDOW_SIDE);

/** On the page, DOM pixels: whatever the zoom, further than any screen reaches. */
const pagePixels = z.number().min(-100_000).max(100_000);
export const pageRect: z.ZodType<Rect> = z.strictObject({
  x: pagePixels,
  y: pagePixels,
  width: pagePixels,
  height: pagePixels,
});
export const windowMode: z.ZodType<WindowMode> = z.enum(["normal", "maximized", "minimized", "fullscreen"]);

/** Seconds that a caller waits for the outcome; null: it does not wait. */
export const waitS = z.number().min(0).max(86_400).nullable().default(null);

/** Seconds that a command waits for the person's answer, where the policy asks. */
export const askS = z.number().min(0).max(86_400).default(20);

/** What main knows files of this computer by, which the person has chosen or dropped: good once. */
export const chosenFiles = z.uuid();

/** A PNG picture. */
export const picture = z.strictObject({ base64: z.base64() });
export type Picture = z.infer<typeof picture>;

export const errorValue = z.strictObject({
  code: z.custom<ErrorValue["code"]>((value) => typeof value === "string" && value.length <= 100),
  message: z.string().max(4000),
  details: z.record(z.string(), z.unknown()),
});
