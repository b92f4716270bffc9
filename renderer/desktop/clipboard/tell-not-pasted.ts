/** Tells the person, in the corner, that copied files were not pasted: there is no transfer that would say so. */
import type { EventPayload } from "#shared/ipc/index.ts";
import { MAX_CHOSEN_FILES } from "#shared/protocol/limits.ts";
import { countWords } from "../../ui/format.ts";
import type { NoticeQueue } from "../../ui/notices.ts";
import { nameOf } from "../crossings/Party.tsx";

export function tellNotPasted(notices: Pick<NoticeQueue, "show">) {
  return ({ from, to, why }: EventPayload<"clipboard.filesNotPasted">): void => {
    const source = nameOf(from);
    const words = {
      size: {
        happened: `More files were copied in ${source} than can be pasted at once (${countWords(MAX_CHOSEN_FILES)}).`,
        next: "Copy the folder that they are in.",
      },
      content: {
        happened: `The list of files that were copied in ${source} could not be read.`,
        next: `Send the files from ${source} instead: “Send to VM...” in their menu.`,
      },
      source: {
        happened: `The list of files that were copied in ${source} did not come.`,
        next: `Copy them again, and leave the program open until they are in ${nameOf(to)}.`,
      },
    }[why];
    notices.show(`${words.happened} Nothing was pasted in ${nameOf(to)}. ${words.next}`);
  };
}
