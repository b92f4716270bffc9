/** Opening files and links: the words of the rules that say where, as plain data. */
import type { VmId } from "./vm.ts";

/** What is opened, as a rule names it by `type`. */
export const TYPE_GROUPS = [
  "document",
  "image",
  "media",
  "archive",
  "text",
  "program",
  "web",
  "mail",
  /** None of these, and what has no type. */
  "other",
] as const;
export type TypeGroup = (typeof TYPE_GROUPS)[number];

/** The same for people, of several. */
export const TYPE_GROUP_WORDS: Readonly<Record<TypeGroup, string>> = {
  document: "documents",
  image: "images",
  media: "music and videos",
  archive: "archives",
  text: "text files",
  program: "programs and scripts",
  web: "web links",
  mail: "mail",
  other: "other files",
};

/** What a rule says by `in`, beside a VM's name. `here`: in the VM that it comes from. */
export const OPEN_WORDS = ["here", "disposable", "ask"] as const;
export type OpenWord = (typeof OPEN_WORDS)[number];

/** Where something is opened. */
export type OpenPlace =
  | { kind: "here" }
  | { kind: "vm"; vm: VmId }
  | { kind: "disposable" }
  /** Not the file, but a safe copy of it: in the VM that has the file, or of one of the host in a disposable. */
  | { kind: "safe" };

/** How an opening ended that nobody waits for, or what became of a file that is edited elsewhere. */
export const OPEN_OUTCOMES = [
  "opened",
  "denied",
  "failed",
  /** No program there opens this type. */
  "no-handler",
  /** An edited file is back where it came from. */
  "returned",
  /** It is back beside the file that was changed there meanwhile. */
  "kept-both",
  /** It was not taken back; the file is as it was. */
  "not-returned",
] as const;
export type OpenOutcome = (typeof OPEN_OUTCOMES)[number];

/**
 * What an opening waits for, in this order; some are left out. `asking`: the person's answer; `rendering`: a page of a safe copy
 * is there.
 */
export const OPEN_STEPS = ["asking", "starting", "sending", "rendering", "opening"] as const;
export type OpenStep = (typeof OPEN_STEPS)[number];

/** Of a text whose changes are shown. */
export const MAX_COMPARED_BYTES = 256 * 1024;
