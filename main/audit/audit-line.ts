/**
 * A line of the audit log: one JSON document, chained to the line before by that one's hash. `hash` is the SHA-256 of the line's
 * own text without it, and `prev` is part of that text. Pure.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { auditEntry } from "#shared/ipc/audit.ts";
import type { AuditEntry } from "#shared/model/crossing.ts";

/** `prev` of the first line of all. */
export const NO_LINE = "0".repeat(64);

export interface EntryEnd {
  bytes: number | null;
  characters: number | null;
  detail: string;
}

/** What a line says; `seq` of an end and of a note is that of the entry that it belongs to, or comes after. */
export type LineContent =
  | { kind: "entry"; entry: AuditEntry }
  /** How a crossing ended that an earlier line has let go on. */
  | { kind: "end"; seq: number; time: string; end: EntryEnd }
  /** What happened to the log itself. */
  | { kind: "note"; seq: number; time: string; note: string };

export interface AuditLine {
  content: LineContent;
  prev: string;
  hash: string;
}

const HASH = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/s;
const seq = z.int().min(0);
/** Logs of before they were counted do not have it. */
const characters = z.int().min(0).nullable().default(null);
const time = z.iso.datetime();
const endLine = z.strictObject({
  seq,
  time,
  end: z.strictObject({ bytes: z.int().min(0).nullable(), characters, detail: z.string() }),
});
const noteLine = z.strictObject({ seq, time, note: z.string() });

/** An entry when its crossing is over. */
export function withEnd(entry: AuditEntry, { bytes, characters, detail }: EntryEnd): AuditEntry {
  const words = [entry.detail, detail].filter((part) => part !== "").join("; ");
  return { ...entry, bytes: bytes ?? entry.bytes, characters, detail: words };
}

/** The line's text without its line feed, and its hash. */
export function writeLine(content: LineContent, prev: string): { text: string; hash: string } {
  const { kind: _, ...rest } = content;
  const fields = content.kind === "entry" ? content.entry : rest;
  const body = JSON.stringify({ ...fields, prev });
  const hash = hashOf(body);
  return { text: `${body.slice(0, -1)},"hash":"${hash}"}`, hash };
}

/** null: it is not what Atoll has written. */
export function readLine(text: string): AuditLine | null {
  const [, body, hash] = HASH.exec(text) ?? [];
  if (body === undefined || hash === undefined || hashOf(`${body}}`) !== hash) return null;
  const content = contentOf(`${body}}`);
  return content === null ? null : { ...content, hash };
}

function contentOf(body: string): { content: LineContent; prev: string } | null {
  let value: Record<string, unknown>;
  try {
    // It has braces around it, so it is an object.
    value = JSON.parse(body) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { prev, ...fields } = value;
  if (typeof prev !== "string") return null;
  if ("end" in fields) {
    const end = endLine.safeParse(fields);
    return end.success ? { content: { kind: "end", ...end.data }, prev } : null;
  }
  if ("note" in fields) {
    const note = noteLine.safeParse(fields);
    return note.success ? { content: { kind: "note", ...note.data }, prev } : null;
  }
  const entry = auditEntry.safeParse(fields);
  return entry.success ? { content: { kind: "entry", entry: entry.data }, prev } : null;
}

export function seqOf(content: LineContent): number {
  return content.kind === "entry" ? content.entry.seq : content.seq;
}

/** The hash that the line after `text` names, also where `text` is not what Atoll has written. */
export function hashAfter(text: string): string {
  return readLine(text)?.hash ?? hashOf(text);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
