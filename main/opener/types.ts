/**
 * What a file or a link is, for the rules: by tables of the host's own. Content is never looked at here: a guest does that, and
 * what it says of its own files is its word.
 */
import path from "node:path";
import mime from "mime";
import type { TypeGroup } from "#shared/model/open.ts";

/** Names that `mime` does not know, or knows as something that nobody here means. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  appimage: "application/vnd.appimage",
  bash: "application/x-sh",
  c: "text/x-c",
  deb: "application/vnd.debian.binary-package",
  desktop: "application/x-desktop",
  dmg: "application/x-apple-diskimage",
  exe: "application/x-msdownload",
  fish: "application/x-sh",
  flatpakref: "application/vnd.flatpak.ref",
  iso: "application/x-iso9660-image",
  mts: "text/x-typescript",
  msi: "application/x-msdownload",
  pl: "text/x-perl",
  ps1: "application/x-powershell",
  py: "text/x-python",
  rb: "text/x-ruby",
  rs: "text/x-rust",
  run: "application/x-makeself",
  tex: "text/x-tex",
  ts: "text/x-typescript",
  zsh: "application/x-sh",
  zst: "application/zstd",
};

const ARCHIVES = new Set([
  "application/gzip",
  "application/java-archive",
  "application/vnd.rar",
  "application/x-7z-compressed",
  "application/x-apple-diskimage",
  "application/x-bzip",
  "application/x-bzip2",
  "application/x-compressed-tar",
  "application/x-cpio",
  "application/x-iso9660-image",
  "application/x-rar",
  "application/x-rar-compressed",
  "application/x-tar",
  "application/x-xz",
  "application/zip",
  "application/zstd",
]);

const PROGRAMS = new Set([
  "application/java-vm",
  "application/vnd.android.package-archive",
  "application/vnd.appimage",
  "application/vnd.debian.binary-package",
  "application/vnd.flatpak.ref",
  "application/vnd.microsoft.portable-executable",
  "application/x-csh",
  "application/x-desktop",
  "application/x-elf",
  "application/x-executable",
  "application/x-makeself",
  "application/x-ms-installer",
  "application/x-msdos-program",
  "application/x-msdownload",
  "application/x-perl",
  "application/x-pie-executable",
  "application/x-powershell",
  "application/x-redhat-package-manager",
  "application/x-rpm",
  "application/x-sh",
  "application/x-sharedlib",
  "application/x-shellscript",
  "text/x-perl",
  "text/x-python",
  "text/x-ruby",
]);

const DOCUMENTS = new Set([
  "application/epub+zip",
  "application/msword",
  "application/oxps",
  "application/pdf",
  "application/postscript",
  "application/rtf",
  "application/x-abiword",
  "application/x-dvi",
  "application/x-mobipocket-ebook",
  "application/xhtml+xml",
  "image/vnd.djvu",
  "text/html",
  "text/rtf",
]);
const DOCUMENT_BEGINNINGS = [
  "application/vnd.apple.",
  "application/vnd.ms-",
  "application/vnd.oasis.opendocument.",
  "application/vnd.openxmlformats-officedocument.",
  "application/vnd.sun.xml.",
];

const TEXTS = new Set([
  "application/javascript",
  "application/json",
  "application/sql",
  "application/toml",
  "application/x-tex",
  "application/x-yaml",
  "application/xml",
  "application/yaml",
]);

const MAILS = new Set(["application/mbox", "message/rfc822", "text/calendar", "text/vcard", "text/x-vcard"]);

/** A MIME type without its parameters, small; null: `claim` is none. */
export function parseMimeType(claim: string): string | null {
  const [type = ""] = claim.split(";", 1);
  const plain = type.trim().toLowerCase();
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/.test(plain) ? plain : null;
}

/** By the end of its name; null: it has none that is known. */
export function typeOfName(name: string): string | null {
  const extension = path.posix.extname(name).slice(1).toLowerCase();
  if (extension === "") return null;
  return Object.hasOwn(BY_EXTENSION, extension) ? (BY_EXTENSION[extension] ?? null) : mime.getType(`x.${extension}`);
}

/** null: nothing is known of its type. */
export function groupOfType(type: string | null): TypeGroup {
  if (type === null) return "other";
  if (ARCHIVES.has(type)) return "archive";
  if (PROGRAMS.has(type)) return "program";
  if (DOCUMENTS.has(type) || DOCUMENT_BEGINNINGS.some((beginning) => type.startsWith(beginning))) return "document";
  if (MAILS.has(type)) return "mail";
  if (TEXTS.has(type)) return "text";
  const [kind] = type.split("/", 1);
  if (kind === "image") return "image";
  if (kind === "audio" || kind === "video") return "media";
  return kind === "text" ? "text" : "other";
}
