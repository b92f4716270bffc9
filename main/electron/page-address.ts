/** Which addresses are the desktop's page, and which of its files they name. Pure. */
import path from "node:path";

export const SCHEME = "app";
const HOST = "atoll";
export const PAGE_ORIGIN = `${SCHEME}://${HOST}`;

/** The file of `folder` that an address names; null: it is no address of the page, or leads out of the folder. */
export function fileOfAddress(folder: string, untrustedAddress: string): string | null {
  const url = parsed(untrustedAddress);
  if (url === null || url.protocol !== `${SCHEME}:` || url.host !== HOST) return null;
  let name: string;
  try {
    name = decodeURIComponent(url.pathname);
  } catch {
    return null;
  }
  if (name.includes("\0")) return null;
  const file = path.normalize(path.join(folder, name));
  return file.startsWith(folder + path.sep) ? file : null;
}

interface Frame {
  readonly url: string;
  readonly parent: unknown;
}

/** Whether it is the page itself that speaks: no frame within it, and no other page. */
export function isPageFrame(frame: Frame | null): boolean {
  return frame !== null && frame.parent === null && frame.url.startsWith(`${PAGE_ORIGIN}/`);
}

function parsed(untrustedAddress: string): URL | null {
  try {
    return new URL(untrustedAddress);
  } catch {
    return null;
  }
}
