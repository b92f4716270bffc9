/**
 * How one start of the application gives another what to open: Chromium's single-instance lock carries 32 KiB at most, and
 * its reader splits what it got at null bytes. So the list goes in parts, each a short text of ASCII.
 */
import { z } from "zod";
import { type LaunchItem, launchItems } from "#shared/model/launch-item.ts";

/** Of Chromium's message, which holds the process's folder and arguments too. */
const MAX_MESSAGE_LENGTH = 32 * 1024;
/** Of several items together. One alone may be longer: every character of a path may be escaped, which makes 24 KiB. */
const FULL_PART_LENGTH = 16 * 1024;

const partSchema = z.object({ launch: z.string().max(MAX_MESSAGE_LENGTH) });
export type LaunchPart = z.infer<typeof partSchema>;

/** At least one part: an empty list asks for the desktop alone. */
export function launchParts(items: readonly LaunchItem[]): LaunchPart[] {
  const parts: string[][] = [[]];
  let length = 2;
  for (const item of items) {
    const text = asciiOf(item);
    if (length + text.length + 1 > FULL_PART_LENGTH && parts.at(-1)?.length !== 0) {
      parts.push([]);
      length = 2;
    }
    parts.at(-1)?.push(text);
    length += text.length + 1;
  }
  return parts.map((texts) => ({ launch: `[${texts.join()}]` }));
}

/** Nothing that is not a part of `launchParts` gives items. */
export function itemsOfPart(data: unknown): LaunchItem[] {
  const part = partSchema.safeParse(data);
  return part.success ? itemsOfJson(part.data.launch) : [];
}

/** Nothing that is not a list of items gives items. */
export function itemsOfJson(text: string): LaunchItem[] {
  try {
    return launchItems.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

function asciiOf(item: LaunchItem): string {
  return JSON.stringify(item).replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
