/** Links that may be opened, from anybody: an allowlist, and one form for each. Pure. */
import { utf8Bytes } from "./text.ts";
import { MAX_URL_BYTES } from "../protocol/limits.ts";

/** Of the URL class that Node and browsers have, which this folder's types do not: what is used of it. */
interface ParsedUrl {
  readonly href: string;
  readonly hostname: string;
  readonly pathname: string;
  readonly searchParams: Iterable<[string, string]>;
}
const { URL } = globalThis as unknown as {
  URL: { new (text: string): ParsedUrl; canParse(text: string): boolean };
};

export interface OpenedUrl {
  /** In ASCII, without white space; what was percent-encoded stays so. */
  readonly url: string;
  readonly scheme: "http" | "https" | "mailto";
  /** It means the machine on which it is opened. */
  readonly isLocal: boolean;
}

export type UrlResult =
  | { readonly ok: true; readonly value: OpenedUrl }
  /** `reason`: what is wrong with it, for people: "it ...". */
  | { readonly ok: false; readonly reason: string };

/** Controls, what is invisible or changes how its neighbours are read, white space, halves of characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Z}]/u;
/** Header fields that a link may fill in. `attach` would send a file. */
const MAIL_FIELDS = new Set(["to", "cc", "bcc", "subject", "body", "in-reply-to"]);

export function parseUrl(untrustedUrl: string): UrlResult {
  const refuse = (reason: string): UrlResult => ({ ok: false, reason });
  if (untrustedUrl.length > MAX_URL_BYTES || utf8Bytes(untrustedUrl) > MAX_URL_BYTES)
    return refuse(`it is longer than ${MAX_URL_BYTES} bytes`);
  if (untrustedUrl.startsWith("-")) return refuse('it begins with "-"');
  if (UNSEEN.test(untrustedUrl)) return refuse("it has control characters, white space or invisible characters");
  if (/%00/.test(untrustedUrl)) return refuse("it has an encoded null character");
  if (untrustedUrl.includes("\\")) return refuse('it has a "\\", which programs read differently');
  const [, schemeWord = ""] = /^([a-z][a-z0-9+.-]*):/i.exec(untrustedUrl) ?? [];
  const scheme = schemeWord.toLowerCase();
  switch (scheme) {
    case "http":
    case "https":
      return parseWeb(untrustedUrl, scheme);
    case "mailto":
      return parseMail(untrustedUrl);
    case "":
      return refuse('it has no scheme such as "https:"');
    default:
      return refuse(`"${scheme}:" is not opened: only http, https and mailto are`);
  }
}

/** Whether a person who wrote this means a link and no file. */
export function looksLikeUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(text);
}

function parseWeb(text: string, scheme: "http" | "https"): UrlResult {
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) return { ok: false, reason: "it names no host" };
  if (authority.includes("@"))
    return { ok: false, reason: 'it has a user name or password before "@", which hides where it leads' };
  const url = parsed(text);
  if (url === null || url.hostname === "") return { ok: false, reason: "it is no valid address" };
  return accepted(url, scheme, isLocalHost(url.hostname));
}

function parseMail(text: string): UrlResult {
  // A parser of URLs reads a host after "//", and a user's name before its "@": a mail link has neither.
  if (/^mailto:\/\//i.test(text)) return { ok: false, reason: 'it has "//" where a mail address belongs' };
  const url = parsed(text);
  if (url === null) return { ok: false, reason: "it is no valid address" };
  if (/%0[ad]/i.test(url.pathname)) return { ok: false, reason: "its address has an encoded line break" };
  for (const [field, value] of url.searchParams) {
    const name = field.toLowerCase();
    if (!MAIL_FIELDS.has(name)) return { ok: false, reason: "it fills in a field that a link may not" };
    if (name !== "body" && /[\r\n]/.test(value)) return { ok: false, reason: "one of its fields has a line break" };
  }
  return accepted(url, "mailto", false);
}

function accepted({ href }: ParsedUrl, scheme: OpenedUrl["scheme"], isLocal: boolean): UrlResult {
  if (href.length > MAX_URL_BYTES) return { ok: false, reason: `it is longer than ${MAX_URL_BYTES} bytes` };
  if (!/^[!-~]+$/.test(href)) return { ok: false, reason: "it is no valid address" };
  return { ok: true, value: { url: href, scheme, isLocal } };
}

function parsed(text: string): ParsedUrl | null {
  return URL.canParse(text) ? new URL(text) : null;
}

/** Loopback, also as an IPv4 address in an IPv6 one; and the unspecified address, at which Linux connects to itself. */
const LOCAL_HOST =
  /^(?:(?:.*\.)?localhost\.?|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|\[::ffff:(?:7f[0-9a-f]{2}:[0-9a-f]+|0:0)\])$/;

/** @param host as URL gives it: small, addresses in their one form */
function isLocalHost(host: string): boolean {
  return LOCAL_HOST.test(host);
}
