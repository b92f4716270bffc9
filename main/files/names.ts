/** Names of files as people see them. They are the guest's words, and bytes that need not be UTF-8. */
import { cleanText, escapeForLog } from "#shared/model/text.ts";
import { MAX_PREVIEW_CHARACTERS } from "#shared/model/crossing.ts";
import type { ListedFile } from "#shared/protocol/files.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What is no UTF-8 is U+FFFD in it. */
export function pathText(path: Uint8Array): string {
  return decoder.decode(path);
}

/** The last component, on one line. */
export function nameOf(path: Uint8Array): string {
  const text = pathText(path).replace(/\/+$/, "");
  return cleanText(text.slice(text.lastIndexOf("/") + 1), 80);
}

/** A line for each, as many as a prompt holds. */
export function previewText(files: readonly ListedFile[]): string {
  const lines: string[] = [];
  let room = MAX_PREVIEW_CHARACTERS - 40;
  for (const { path, kind } of files) {
    const line = `${escapeForLog(pathText(path))}${kind === "folder" ? "/" : ""}`;
    room -= line.length + 1;
    if (room < 0) break;
    lines.push(line);
  }
  const more = files.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}
