/** Where an index is: a folder of this machine, or an https URL. Its files are read by paths below that. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { readAtMost } from "../../base/read-at-most.ts";
import { httpsGet } from "./https-get.ts";

export interface IndexSource {
  /** As it is kept and shown. */
  readonly text: string;
  /**
   * A file below it. null: it is not there.
   * @param file of plain names, with slashes between them
   * @throws AppError index.unreachable
   */
  read(file: string, options: { maxBytes: number; signal?: AbortSignal | undefined }): Promise<Buffer | null>;
}

/** How long one file may take. */
const FILE_MS = 60_000;

/**
 * @param text an absolute path, `file://...` or `https://...`
 * @param ca certificates that are trusted, as PEM; undefined: those of the runtime
 * @throws AppError usage.bad-argument
 */
export function indexSource(text: string, ca?: string): IndexSource {
  const refused = (why: string): AppError =>
    new AppError("usage.bad-argument", `"${text}" is no place of an index: ${why}.`, { source: text });
  if (path.isAbsolute(text)) return folderSource(path.normalize(text));
  let url: URL;
  try {
    url = new URL(text);
    if (url.protocol === "file:") return folderSource(fileURLToPath(url));
  } catch (error) {
    throw refused(`it is neither the absolute path of a folder nor a URL (${messageOf(error)})`);
  }
  if (url.protocol !== "https:") throw refused("only https:// and file:// are read");
  // It is shown, and kept in the clear.
  if (url.username !== "" || url.password !== "") throw refused("a URL with a password in it is not kept");
  if (url.search !== "" || url.hash !== "") throw refused("it is a folder's URL, without ? and #");
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return httpsSource(url, ca);
}

function folderSource(folder: string): IndexSource {
  return {
    text: folder,
    read: (file, { maxBytes }) => {
      const at = path.join(folder, file);
      return readAtMost(at, maxBytes).catch((error: unknown) => {
        throw unreachable(at, error);
      });
    },
  };
}

function httpsSource(base: URL, ca: string | undefined): IndexSource {
  return {
    text: base.href,
    read: (file, { maxBytes, signal }) => {
      const url = new URL(file, base);
      return httpsGet(url, { maxBytes, signal, ca, timeoutMs: FILE_MS }).catch((error: unknown) => {
        throw unreachable(url.href, error);
      });
    },
  };
}

function unreachable(where: string, error: unknown): AppError {
  return new AppError("index.unreachable", `${where} was not read: ${messageOf(error)}.`, { where });
}
