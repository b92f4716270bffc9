/** A list of copied files, as file managers tell each other: `copy` or `cut`, then a `file:` address a line. Pure. */
import { MAX_CHOSEN_FILES, MAX_FILE_PATH_BYTES } from "#shared/protocol/limits.ts";

/** With and without a host; nothing else of an address is in it. */
const ADDRESS = /^file:(?:\/\/(?:localhost)?|(?!\/\/))(\/[^?#]*)$/u;

/** `size`: it has more files than can be chosen at once; `content`: it is no such list. */
export type ParsedFileList = { ok: true; paths: Uint8Array[] } | { ok: false; by: "size" | "content" };

export function parseFileList(untrustedList: string): ParsedFileList {
  // libfm's list (PCManFM) has the end of a C string with it.
  const list = untrustedList.endsWith("\0") ? untrustedList.slice(0, -1) : untrustedList;
  const lines = list.split(/\r?\n/u);
  if (lines[0] === "copy" || lines[0] === "cut") lines.shift();
  if (lines.at(-1) === "") lines.pop();
  if (lines.length > MAX_CHOSEN_FILES) return { ok: false, by: "size" };
  const paths = lines.map(pathOf);
  return paths.length > 0 && paths.every((path) => path !== null) ? { ok: true, paths } : { ok: false, by: "content" };
}

/** Whether a list of addresses (text/uri-list) is one of files: some programs have no other list of what was copied. */
export function isOfFiles(addresses: string): boolean {
  return /^file:/iu.test(addresses);
}

/** For a file manager that pastes: it moves them to where the person is. */
export function fileManagersList(paths: readonly Uint8Array[]): Uint8Array {
  return Buffer.from(["cut", ...paths.map(addressOf)].join("\n"));
}

/** For any other program (text/uri-list). */
export function addressList(paths: readonly Uint8Array[]): Uint8Array {
  return Buffer.from(paths.map((path) => `${addressOf(path)}\r\n`).join(""));
}

function pathOf(untrustedAddress: string): Uint8Array | null {
  const encoded = ADDRESS.exec(untrustedAddress)?.[1];
  if (encoded === undefined) return null;
  // By bytes: a name need not be UTF-8.
  const bytes = Buffer.from(encoded, "utf8").toString("latin1");
  const decoded = bytes.replaceAll(/%([0-9a-f]{2})/giu, (_whole, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const path = Buffer.from(decoded, "latin1");
  return path.length > MAX_FILE_PATH_BYTES || path.includes(0) ? null : path;
}

function addressOf(path: Uint8Array): string {
  const encoded = Buffer.from(path)
    .toString("latin1")
    .replaceAll(/[^A-Za-z0-9/._~-]/gu, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`);
  return `file://${encoded}`;
}
