/** The applications that a guest has, as it lists them. */
import { cleanText } from "../model/text.ts";
import type { App } from "./gen/atoll_pb.ts";
import { MAX_APP_LIST, MAX_APP_TEXT_BYTES } from "./limits.ts";
import { boundedText, refuse } from "./violation.ts";

/** Texts are cleaned and bounded, yet still chosen by the guest. */
export interface GuestApp {
  /** Desktop file id without ".desktop". */
  id: string;
  name: string;
  mimeTypes: string[];
  categories: string[];
  /** It opens files of its types, and is not shown in menus. */
  hidden: boolean;
}

/** Throws ViolationError. */
export function acceptApp(untrusted: App): GuestApp {
  const text = (value: string): string => cleanText(boundedText(value, MAX_APP_TEXT_BYTES, "application"));
  const list = (values: string[]): string[] => {
    if (values.length > MAX_APP_LIST) refuse("quota", `more than ${MAX_APP_LIST} types of an application`);
    return values.map(text);
  };
  return {
    id: text(untrusted.id),
    name: text(untrusted.name),
    mimeTypes: list(untrusted.mimeTypes),
    categories: list(untrusted.categories),
    hidden: untrusted.hidden,
  };
}
