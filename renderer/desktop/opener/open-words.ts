/** Where things open, in words and signs of the desktop. Pure. */
import {
  Archive,
  Box,
  Cog,
  File,
  FileText,
  Globe,
  House,
  Image,
  type LucideIcon,
  Mail,
  MessageCircleQuestionMark,
  Music,
  ScrollText,
} from "lucide-react";
import type { RequestOutput } from "#shared/ipc/index.ts";
import type { OpenPlace, OpenWord, TypeGroup } from "#shared/model/open.ts";

export type OpenTable = RequestOutput<"open.table">;
export type OpenCell = OpenTable["rows"][number]["cells"][number];

/** A cell, by its group and the word of its origin. */
export interface OpenSpot {
  group: TypeGroup;
  from: string;
}

export const GROUP_ICONS: Readonly<Record<TypeGroup, LucideIcon>> = {
  document: FileText,
  image: Image,
  media: Music,
  archive: Archive,
  text: ScrollText,
  program: Cog,
  web: Globe,
  mail: Mail,
  other: File,
};

/** A rule's `in`, where it names no VM. */
export const PLACE_WORDS: Readonly<Record<OpenWord, { word: string; Icon: LucideIcon }>> = {
  here: { word: "here", Icon: House },
  disposable: { word: "disposable", Icon: Box },
  ask: { word: "ask", Icon: MessageCircleQuestionMark },
};

/** null: it is a VM's name. */
export function openWordOf(word: string): OpenWord | null {
  return word === "here" || word === "disposable" || word === "ask" ? word : null;
}

/** Links are looked at where they open: there is nothing that could come back. */
export function canBeEdited(group: TypeGroup, word: string): boolean {
  return group !== "web" && group !== "mail" && word !== "here" && word !== "ask";
}

/** What the policy makes of a rule, where it does more than let it; null: nothing. */
export function policyWords({ policy }: Pick<OpenCell, "policy">): string | null {
  if (policy === "deny") return "the policy denies it";
  return policy === "ask" ? "the policy asks" : null;
}

/** What tells one place from another. */
export function keyOf(place: OpenPlace): string {
  return place.kind === "vm" ? place.vm : place.kind;
}

/** After `Open`: `here, in work`, `in web`, `in a disposable`, `a safe copy in work`. `name`: of the party that it is. */
export function placeWords(place: OpenPlace, name: string): string {
  if (place.kind === "safe") return `a safe copy in ${name}`;
  return place.kind === "here" ? `here, in ${name}` : `in ${name}`;
}
