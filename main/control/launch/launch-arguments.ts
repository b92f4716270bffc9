/**
 * What to open, as the words after `atoll desktop` say it: the desktop entry's `%U` gives `file:` URIs and URLs, a person at a
 * terminal gives paths. Nothing is looked at on the disk.
 */
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "#shared/model/app-error.ts";
import { type LaunchItem, MAX_LAUNCH_ITEMS, MAX_PATH_BYTES } from "#shared/model/launch-item.ts";
import { MAX_URL_BYTES } from "#shared/protocol/limits.ts";

const URL_SCHEMES = /^(?:https?|mailto):/i;
const FILE_SCHEME = /^file:/i;
/** A file may be named `a:b`, but none is likely to be meant by this. */
const OTHER_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
// The parser of URLs drops some of them and encodes others: what it gives would not be what was said.
const CONTROL = /\p{Cc}/u;

/**
 * @param folder what a relative path is relative to; absolute
 * @throws AppError usage.bad-argument, naming the word
 */
export function launchArguments(words: readonly string[], folder: string): LaunchItem[] {
  if (words.length > MAX_LAUNCH_ITEMS)
    throw new AppError(
      "usage.bad-argument",
      `${words.length} files are too many at once: Atoll opens at most ${MAX_LAUNCH_ITEMS}.`,
    );
  return words.map((word) => itemOf(word, folder));
}

function itemOf(word: string, folder: string): LaunchItem {
  if (word === "") throw refused(word, "an empty name names no file");
  if (URL_SCHEMES.test(word)) return { kind: "url", url: checkedUrl(word) };
  if (FILE_SCHEME.test(word)) return { kind: "file", path: checkedPath(word, pathOfUri(word)) };
  if (OTHER_SCHEME.test(word)) throw refused(word, "Atoll opens files, and http, https and mailto addresses");
  return { kind: "file", path: checkedPath(word, path.resolve(folder, word)) };
}

function checkedUrl(url: string): string {
  if (Buffer.byteLength(url) > MAX_URL_BYTES) throw refused(url, `it has more than ${MAX_URL_BYTES} bytes`);
  if (CONTROL.test(url)) throw refused(url, "a control character is in it");
  if (!URL.canParse(url)) throw refused(url, "it is not a valid address");
  return url;
}

function pathOfUri(uri: string): string {
  if (CONTROL.test(uri)) throw refused(uri, "a control character is in it");
  // file:/path is valid, file:path is relative to nothing.
  if (!/^file:\//i.test(uri)) throw refused(uri, "a file: address has a whole path, as in file:///home/me/letter.odt");
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    throw refused(uri, "it is not a valid address");
  }
  if (url.hostname !== "" && url.hostname !== os.hostname().toLowerCase())
    throw refused(uri, "the file is on another computer");
  url.hostname = "";
  try {
    return fileURLToPath(url);
  } catch {
    // An encoded slash, or bytes that are not UTF-8.
    throw refused(uri, "its name cannot be read");
  }
}

function checkedPath(word: string, file: string): string {
  if (Buffer.byteLength(file) > MAX_PATH_BYTES) throw refused(word, `its path has more than ${MAX_PATH_BYTES} bytes`);
  if (file.includes("\0")) throw refused(word, "a null character is in it");
  return file;
}

function refused(word: string, reason: string): AppError {
  const shown = word.length > 100 ? `${word.slice(0, 99)}…` : word;
  return new AppError("usage.bad-argument", `"${shown}" cannot be opened: ${reason}.`, { word: shown });
}
