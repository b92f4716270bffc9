/** The applications that a guest has, as it lists them. */
import { cleanText, utf8Bytes } from "../model/text.ts";
import type { App } from "./gen/atoll_pb.ts";
import { APP_TEXT_BYTES, MAX_APP_LIST, MAX_APP_TEXT_BYTES, MAX_APPS, MAX_APPS_BYTES } from "./limits.ts";
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
function acceptApp(untrusted: App): GuestApp {
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

/** One answer, which comes in several messages: bounded as a whole. */
export class AppList {
  readonly apps: GuestApp[] = [];
  #bytes = 0;

  /** Throws ViolationError. */
  accept(untrusted: readonly App[]): void {
    if (this.apps.length + untrusted.length > MAX_APPS) refuse("quota", `more than ${MAX_APPS} applications`);
    for (const app of untrusted) {
      this.#bytes += textBytes(app);
      if (this.#bytes > MAX_APPS_BYTES) refuse("quota", `applications of more than ${MAX_APPS_BYTES} bytes`);
      this.apps.push(acceptApp(app));
    }
  }
}

function textBytes({ id, name, mimeTypes, categories }: App): number {
  let bytes = 0;
  for (const texts of [[id, name], mimeTypes, categories])
    for (const text of texts) bytes += utf8Bytes(text) + APP_TEXT_BYTES;
  return bytes;
}
