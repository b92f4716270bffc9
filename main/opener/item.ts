/** What is opened: a link that was checked, or a file by its path, with what the host's tables say of it. Pure. */
import path from "node:path";
import type { ShownItem } from "#shared/ipc/open.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { TypeGroup } from "#shared/model/open.ts";
import { groupOfType, parseMimeType, typeOfName } from "./types.ts";
import { type OpenedUrl, parseUrl } from "#shared/model/opened-url.ts";

export type OpenItem =
  | { readonly kind: "url"; readonly link: OpenedUrl }
  | {
      readonly kind: "file";
      /** As the file's own system has it; a guest's need not be UTF-8. */
      readonly path: Uint8Array;
      /** For people, cut: the word of whoever has the file, hidden characters are in it. */
      readonly name: string;
      /** MIME type; null: not known. */
      readonly type: string | null;
    };

/** @throws AppError open.bad-url */
export function linkItem(untrustedUrl: string): OpenItem {
  const parsed = parseUrl(untrustedUrl);
  if (parsed.ok) return { kind: "url", link: parsed.value };
  throw new AppError("open.bad-url", `This link is not opened: ${parsed.reason}.`, { reason: parsed.reason });
}

/** @param claim the type that a guest says its file has, by name and content; "" = nothing is said */
export function fileItem(filePath: Uint8Array, claim = ""): OpenItem {
  const name = baseName(filePath);
  return { kind: "file", path: filePath, name, type: parseMimeType(claim) ?? typeOfName(name) };
}

/** The last component of a path, for people. */
export function baseName(filePath: Uint8Array): string {
  return path.posix.basename(Buffer.from(filePath).toString("utf8"));
}

export function groupOf(item: OpenItem): TypeGroup {
  if (item.kind === "file") return groupOfType(item.type);
  return item.link.scheme === "mailto" ? "mail" : "web";
}

export function shownItem(item: OpenItem): ShownItem {
  if (item.kind === "url") return { kind: "url", url: item.link.url };
  return { kind: "file", name: item.name, type: item.type };
}

/** The same item has the same key, wherever it is asked for. */
export function keyOf(item: OpenItem): string {
  return item.kind === "url" ? item.link.url : keyOfPath(item.path);
}

export function keyOfPath(filePath: Uint8Array): string {
  return Buffer.from(filePath).toString("hex");
}
