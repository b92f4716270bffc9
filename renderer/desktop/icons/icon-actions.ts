/** What a person does to icons: each failure is told, and what can be undone has its button. */
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import { cleanText } from "#shared/model/text.ts";
import type { Shell } from "../../shell/shell.ts";
import { quoted } from "../../ui/quoted.ts";
import { tellNothingScanned } from "../services/tell-scanned.ts";

/** Of what a scanner has said, in a notice. */
const SHOWN_WORDS = 300;

type Services = Pick<Shell, "bridge" | "icons" | "notices" | "send">;

/** Those that are chosen, in the order that is shown. */
export function chosenIcons({ icons }: Pick<Services, "icons">): string[] {
  const { icons: all, chosen } = icons.getState();
  return all.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
}

/** Whoever has opened something goes on there: the keyboard is the windows' again. */
export function openIcons(
  { send, overlays }: Pick<Shell, "send" | "overlays">,
  ids: readonly string[],
  inDisposable = false,
): void {
  overlays.closeIf("icons");
  for (const id of ids) send("icon.open", { id, inDisposable });
}

/** Of icons that are there now: a guest's words, for a sentence. */
function namesOf(icons: Services["icons"]): (id: string) => string {
  const names = new Map(icons.getState().icons.map(({ id, name }) => [id, name]));
  return (id) => quoted(names.get(id) ?? "");
}

export async function trashIcons({ bridge, icons, notices, send }: Services, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const quotedName = namesOf(icons);
  const answer = await bridge.request("icon.trash", { ids });
  if (!answer.ok) return notices.show(answer.error.message);
  const { outcomes, undo } = answer.value;
  const failed = outcomes.find(({ reason }) => reason !== null);
  if (failed !== undefined && failed.reason !== null) {
    const others = outcomes.filter(({ reason }) => reason !== null).length - 1;
    const more = others > 0 ? `, and ${others} more` : "";
    notices.show(`${quotedName(failed.id)}${more} did not go to the trash: ${FILE_REASON_WORDS[failed.reason]}.`);
  }
  const done = outcomes.filter(({ reason }) => reason === null);
  const [first] = done;
  if (first === undefined) return;
  const words =
    done.length === 1 ? `${quotedName(first.id)} is in the trash.` : `${done.length} files are in the trash.`;
  const action = undo === null ? null : { text: "Undo", run: () => send("icon.restore", { undo }) };
  notices.tell(words, { isGood: true, action });
}

/** How it ended is told: nobody watches a scan. */
export async function scanIcons({ bridge, icons, notices, send }: Services, ids: string[]): Promise<void> {
  const [id] = ids;
  if (id === undefined) return;
  const quotedName = namesOf(icons);
  const answer = await bridge.request("icon.scan", { ids });
  if (!answer.ok && answer.error.code === "scan.no-scanner")
    return tellNothingScanned(ids.length === 1 ? `${quotedName(id)} was not` : "Nothing was", { notices, send });
  if (!answer.ok) return notices.show(answer.error.message);
  icons.scanned(answer.value);
  const [one] = answer.value;
  const bad = answer.value.filter(({ verdict }) => verdict !== "clean");
  const [first] = bad;
  if (first !== undefined) {
    const more = bad.length === 1 ? "" : ` ${bad.length - 1} more ${bad.length === 2 ? "is" : "are"} not clean.`;
    return notices.show(`${quotedName(first.id)}: ${cleanText(first.words, SHOWN_WORDS)}.${more}`);
  }
  const words = answer.value.length === 1 && one !== undefined ? `${quotedName(one.id)} is clean.` : "All are clean.";
  notices.tell(words, { isGood: true, action: null });
}

/**
 * With new signatures, of icons that are marked: what is clean now loses its mark. One whose VM does not run keeps it, and so does one
 * that is marked again meanwhile.
 */
export async function scanSuspectsAgain({ bridge, icons }: Pick<Services, "bridge" | "icons">): Promise<void> {
  const before = icons.getState().suspects;
  for (const [id, words] of before) {
    const answer = await bridge.request("icon.scan", { ids: [id] });
    if (answer.ok && icons.getState().suspects.get(id) === words) icons.scanned(answer.value);
  }
}

/** The new name of the icon whose name is edited. The same one, or none, changes nothing. */
export async function renameIcon({ bridge, icons, notices }: Services, id: string, name: string): Promise<void> {
  icons.rename(null);
  const before = icons.getState().icons.find((icon) => icon.id === id)?.name;
  if (name === "" || name === before) return;
  const answer = await bridge.request("icon.rename", { id, name });
  if (answer.ok) icons.choose(answer.value.id);
  else notices.show(answer.error.message);
}
