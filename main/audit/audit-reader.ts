/** Reading the audit log: pages of entries, and whether its chain holds. It may be written meanwhile. */
import fsp, { type FileHandle } from "node:fs/promises";
import readline from "node:readline";
import { setImmediate } from "node:timers/promises";
import type { AuditFilter } from "#shared/ipc/audit.ts";
import { type AuditEntry, partyName } from "#shared/model/crossing.ts";
import { type EntryEnd, hashAfter, NO_LINE, readLine, seqOf, withEnd } from "./audit-line.ts";
import type { AuditParts } from "./audit-parts.ts";

export interface AuditPage {
  entries: AuditEntry[];
  hasMore: boolean;
}

/** Newest first. Rejects where a part cannot be read. @param before entries of this seq and newer ones are left out */
export async function readEntries(
  parts: AuditParts,
  filter: AuditFilter,
  { before, limit, now }: { before: number | null; limit: number; now: number },
): Promise<AuditPage> {
  const entries: AuditEntry[] = [];
  // An end stands after its entry, perhaps in a newer part.
  const ends = new Map<number, EntryEnd>();
  /** @returns whether there are more than fit */
  const readPart = async (part: FileHandle): Promise<boolean> => {
    const text = await part.readFile("utf8");
    for (const [at, line] of text.split("\n").toReversed().entries()) {
      // The desktop's other business goes on meanwhile.
      if (at % 500 === 499) await setImmediate();
      const content = readLine(line)?.content;
      if (content?.kind === "end") ends.set(content.seq, content.end);
      if (content?.kind !== "entry") continue;
      const { seq } = content.entry;
      if (before !== null && seq >= before) continue;
      const end = ends.get(seq);
      const entry = end === undefined ? content.entry : withEnd(content.entry, end);
      ends.delete(seq);
      if (!fits(entry, filter, now)) continue;
      if (entries.length === limit) return true;
      entries.push(entry);
    }
    return false;
  };
  const hasMore = await parts.reading(async (older, current) => {
    if (current !== null && (await readPart(current))) return true;
    for (const file of older.toReversed()) if (await withPart(file, readPart)) return true;
    return false;
  });
  return { entries, hasMore };
}

async function withPart<Value>(file: string, read: (part: FileHandle) => Promise<Value>): Promise<Value> {
  const part = await fsp.open(file);
  try {
    return await read(part);
  } finally {
    await part.close();
  }
}

/** Pure. */
export function fits(entry: AuditEntry, filter: AuditFilter, now: number): boolean {
  const { sinceS, action, from, to, decision, by, text } = filter;
  if (sinceS !== null && Date.parse(entry.time) < now - sinceS * 1000) return false;
  if (action !== null && entry.action !== action) return false;
  if (decision !== null && entry.decision !== decision) return false;
  if (by !== null && entry.by !== by) return false;
  const names = { from: partyName(entry.from).toLowerCase(), to: partyName(entry.to).toLowerCase() };
  if (from !== null && !names.from.includes(from.toLowerCase())) return false;
  if (to !== null && !names.to.includes(to.toLowerCase())) return false;
  if (text === null) return true;
  const all = [entry.action, names.from, names.to, entry.type, entry.decision, entry.by, entry.rule?.text, entry.detail]
    .join(" ")
    .toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

export interface Verified {
  /** Entries that were read, good or bad. */
  entries: number;
  ok: boolean;
  firstBad: number | null;
}

/** Reads every line of every part, and whether each follows the one before it. */
export async function verify(parts: AuditParts): Promise<Verified> {
  let prev = NO_LINE;
  let seq = 0;
  let entries = 0;
  let firstBad: number | null = null;
  const readPart = async (part: FileHandle): Promise<void> => {
    for await (const text of wholeLines(part)) {
      const line = readLine(text);
      const isEntry = line?.content.kind === "entry" || line === null;
      if (isEntry) entries += 1;
      const lineSeq = line === null ? null : seqOf(line.content);
      const follows = line !== null && line.prev === prev && lineSeq === (isEntry ? seq + 1 : lineSeq);
      if (!follows) firstBad ??= lineSeq ?? seq + 1;
      seq = isEntry ? (lineSeq ?? seq + 1) : seq;
      prev = line?.hash ?? hashAfter(text);
    }
  };
  await parts.reading(async (older, current) => {
    for (const file of older) await withPart(file, readPart);
    if (current !== null) await readPart(current);
  });
  return { entries, ok: firstBad === null, firstBad };
}

/** What is being written at this moment is no line yet. */
async function* wholeLines(part: FileHandle): AsyncGenerator<string> {
  const { size } = await part.stat();
  if (size === 0) return;
  let last: string | null = null;
  const input = part.createReadStream({ start: 0, end: size - 1, autoClose: false });
  for await (const line of readline.createInterface({ input })) {
    if (last !== null) yield last;
    last = line;
  }
  const { buffer } = await part.read(Buffer.alloc(1), 0, 1, size - 1);
  if (last !== null && buffer[0] === 0x0a) yield last;
}
