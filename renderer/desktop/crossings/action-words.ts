/** Actions and types of the policy in words of the desktop. Pure. */
import {
  Cable,
  ClipboardPaste,
  FolderOpen,
  Link,
  type LucideIcon,
  Plug,
  SendHorizontal,
  SquareTerminal,
} from "lucide-react";
import { COPIED_FILES } from "#shared/model/clip.ts";
import type { AuditAction } from "#shared/model/crossing.ts";
import type { PolicyAction } from "#shared/model/policy.ts";
import { bytesWords, countOf } from "../../ui/format.ts";

export interface ActionWords {
  /** On a tab. */
  title: string;
  Icon: LucideIcon;
  /** The question of a prompt. `what`: as whatWords has it. */
  asks: (what: string, from: string, to: string) => string;
  /** The button that allows it this one time. */
  once: string;
}

export const ACTION_WORDS: Readonly<Record<PolicyAction, ActionWords>> = {
  "clipboard.paste": {
    title: "Paste",
    Icon: ClipboardPaste,
    asks: (what, from, to) => `Paste ${what} from ${from} into ${to}?`,
    once: "Paste once",
  },
  "file.send": {
    title: "Send files",
    Icon: SendHorizontal,
    asks: (what, from, to) => `Send ${what} from ${from} to ${to}?`,
    once: "Send once",
  },
  "file.open": {
    title: "Open files",
    Icon: FolderOpen,
    asks: (what, from, to) => `Open ${what} of ${from} in ${to}?`,
    once: "Open once",
  },
  "url.open": {
    title: "Open links",
    Icon: Link,
    asks: (_what, from, to) => `Open a link of ${from} in ${to}?`,
    once: "Open once",
  },
  "net.connect": {
    title: "Connect",
    Icon: Cable,
    asks: (_what, from, to) => `Let ${from} connect to ${to}?`,
    once: "Connect once",
  },
  "service.use": {
    title: "Services",
    Icon: Plug,
    asks: (_what, from, to) => `Let ${from} use ${to}?`,
    once: "Use once",
  },
  exec: {
    title: "Run",
    Icon: SquareTerminal,
    asks: (_what, from, to) => `Run a command from ${from} in ${to}?`,
    once: "Run once",
  },
};

/** A MIME type in a word: `text`, `picture`. */
export function typeWord(type: string | null): string {
  const plain = type?.split(";", 1)[0] ?? "";
  if (plain === "text/html") return "formatted text";
  if (plain === "text/uri-list") return "links";
  if (plain === COPIED_FILES) return "files";
  if (plain.startsWith("text/")) return "text";
  if (plain.startsWith("image/")) return "picture";
  return plain === "" ? "data" : plain;
}

/** The same as the object of a question. */
export function whatWords(action: PolicyAction, type: string | null): string {
  if (action === "file.send" || action === "file.open") return "a file";
  const word = typeWord(type);
  return word === "links" || word === "files" ? `these ${word}` : word === "picture" ? "a picture" : `this ${word}`;
}

interface CrossingContent {
  action: AuditAction;
  type: string | null;
  bytes: number | null;
  characters: number | null;
}

const OF_FILES: readonly AuditAction[] = ["file.send", "file.open", "file.scan"];

/** `text, 34 characters`, `picture, 1.2 MB`. */
export function contentWords({ action, type, bytes, characters }: CrossingContent): string {
  const what = OF_FILES.includes(action) ? "file" : type === null ? "" : typeWord(type);
  const size = characters !== null ? countOf(characters, "character") : bytes !== null ? bytesWords(bytes) : "";
  return [what, size].filter((part) => part !== "").join(", ");
}
