/**
 * A list of addresses (text/uri-list) on its way to another guest: what a browser or a mail program opens, and nothing else.
 * Paths of files mean nothing in another VM, and are no way to send files.
 */
import type { ClipFilter, Filtered } from "./filter.ts";

/** Of the whole list, before and after. */
export const MAX_ADDRESSES_BYTES = 64 * 1024;

const SCHEMES = new Set(["http:", "https:", "mailto:"]);

export class AddressFilter implements ClipFilter {
  readonly characters = null;
  readonly #chunks: Uint8Array[] = [];
  heldBytes = 0;

  push(untrusted: Uint8Array): Filtered {
    this.heldBytes += untrusted.length;
    if (this.heldBytes > MAX_ADDRESSES_BYTES) return { ok: false, by: "size" };
    this.#chunks.push(untrusted);
    return { ok: true, bytes: new Uint8Array(0) };
  }

  end(): Filtered {
    const untrustedList = Buffer.concat(this.#chunks).toString("utf8");
    this.#chunks.length = 0;
    this.heldBytes = 0;
    const addresses = untrustedList.split(/\r\n|\n/u).flatMap((line) => safeAddress(line) ?? []);
    if (addresses.length === 0) return { ok: false, by: "content" };
    const bytes = Buffer.from(addresses.map((address) => `${address}\r\n`).join(""), "latin1");
    return bytes.length > MAX_ADDRESSES_BYTES ? { ok: false, by: "size" } : { ok: true, bytes };
  }
}

/** The address in its standard form, ASCII only; null: it is none that may go to another guest. */
export function safeAddress(untrusted: string): string | null {
  // The parser would take out tabs and line ends, and spaces around it; nothing of the kind is guessed at.
  if (untrusted.startsWith("-") || /[\s\p{C}\\]|%00/iu.test(untrusted)) return null;
  const address = parsed(untrusted);
  if (address === null || !SCHEMES.has(address.protocol)) return null;
  if (address.username !== "" || address.password !== "") return null;
  return address.href;
}

/** Not by URL.canParse, which Node 20 gets wrong for letters of Latin-1 once it has optimised the call. */
function parsed(untrusted: string): URL | null {
  try {
    return new URL(untrusted);
  } catch {
    return null;
  }
}
