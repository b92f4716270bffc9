/** Files that the desktop shows as icons, as plain data. */
import type { CrossingParty } from "./crossing.ts";

/** `vms`: the folder Desktop of each VM that runs; `downloads`: the host's; `recent`: what was opened last, of either. */
export const SHOWN_PLACES = ["vms", "downloads", "recent"] as const;
export type ShownPlace = (typeof SHOWN_PLACES)[number];

export interface IconView {
  id: string;
  /** Who has the file. */
  party: CrossingParty;
  place: ShownPlace;
  /** The word of whoever has it, hidden characters are in it: to be drawn as a quotation. */
  name: string;
  isFolder: boolean;
  bytes: number;
  /** Seconds since 1970. */
  modifiedS: number;
}
