/** Tells the person, in the corner, that copied files were not pasted: there is no transfer that would say so. */
import type { EventPayload } from "#shared/ipc/index.ts";
import type { CrossingParty } from "#shared/model/crossing.ts";
import { MAX_CHOSEN_FILES } from "#shared/protocol/limits.ts";
import { countWords } from "../../ui/format.ts";
import type { NoticeQueue } from "../../ui/notices.ts";
import { nameOf } from "../crossings/Party.tsx";

export function tellNotPasted(notices: Pick<NoticeQueue, "show">) {
  return ({ from, to, why }: EventPayload<"clipboard.filesNotPasted">): void => {
    const source = placeOf(from);
    const words = {
      size: {
        happened: `More files were copied ${source} than can be pasted at once (${countWords(MAX_CHOSEN_FILES)}).`,
        next: "Copy the folder that they are in.",
      },
      content: {
        happened: `The list of files that were copied ${source} could not be read.`,
        next:
          from.kind === "host"
            ? `Drop the files onto ${nameOf(to)} in the top bar instead.`
            : `Send the files from ${nameOf(from)} instead: “Send to VM...” in their menu.`,
      },
      source: {
        happened: `The list of files that were copied ${source} did not come.`,
        next: `Copy them again, and leave the program open until they are ${placeOf(to)}.`,
      },
    }[why];
    notices.show(`${words.happened} Nothing was pasted ${placeOf(to)}. ${words.next}`);
  };
}

function placeOf(party: CrossingParty): string {
  return `${party.kind === "host" ? "on" : "in"} ${nameOf(party)}`;
}
