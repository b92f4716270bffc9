/** Tells the person, in the corner, how a scan ended that was asked for in a guest, and that none can be, there or at an icon. */
import type { EventPayload } from "#shared/ipc/index.ts";
import { cleanText } from "#shared/model/text.ts";
import type { Shell } from "../../shell/shell.ts";
import { countOf } from "../../ui/format.ts";
import type { NoticeQueue } from "../../ui/notices.ts";
import { quoted } from "../../ui/quoted.ts";
import { nameOf } from "../crossings/Party.tsx";

const SHOWN_WORDS = 300;

export function tellScanned(notices: NoticeQueue) {
  return ({ from, path, words, others }: EventPayload<"scan.ended">): void => {
    const file = `${quoted(path.slice(path.lastIndexOf("/") + 1))} in ${nameOf(from)}`;
    if (words !== "") {
      const more = others === 0 ? "" : ` ${others} more ${others === 1 ? "is" : "are"} not clean.`;
      return notices.show(`${file}: ${cleanText(words, SHOWN_WORDS)}.${more}`);
    }
    const all = others === 0 ? `${file} is clean.` : `${file} and ${countOf(others, "other file")} are clean.`;
    notices.tell(all, { isGood: true, action: null });
  };
}

export function tellNoScanner(shell: Pick<Shell, "notices" | "send">) {
  return ({ from }: EventPayload<"scan.noScanner">): void =>
    tellNothingScanned(`Nothing in ${nameOf(from)} was`, shell);
}

/** No scanner runs. `what`: the beginning of a sentence that says of what a person wanted a scan. */
export function tellNothingScanned(what: string, { notices, send }: Pick<Shell, "notices" | "send">): void {
  notices.tell(`${what} scanned: no scanner runs.`, {
    isGood: false,
    action: { text: "Start antivirus", run: () => send("service.start", { name: "antivirus" }) },
  });
}
