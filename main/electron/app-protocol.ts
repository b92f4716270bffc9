/** `app://atoll/`: the page's own files and nothing else, with a strict Content-Security-Policy. */
import { protocol } from "electron";
import fsp from "node:fs/promises";
import path from "node:path";
import { fileOfAddress, PAGE_ORIGIN, SCHEME } from "./page-address.ts";

export const PAGE_URL = `${PAGE_ORIGIN}/index.html`;

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  // data: = cursors that the page made itself of a guest's bitmap.
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // renderer/host/own-scripts.ts has the one policy.
  "require-trusted-types-for 'script'",
  "trusted-types default",
].join("; ");

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

/** Before the application is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** After it is ready, before the page navigates. */
export function serveFolder(folder: string): void {
  protocol.handle(SCHEME, async (request) => {
    const file = fileOfAddress(folder, request.url);
    const type = file === null ? undefined : TYPES[path.extname(file)];
    if (file === null || type === undefined) return new Response(null, { status: 404 });
    try {
      const body = await fsp.readFile(file);
      return new Response(new Uint8Array(body), {
        headers: { "content-type": type, "content-security-policy": POLICY, "x-content-type-options": "nosniff" },
      });
    } catch {
      return new Response(null, { status: 404 });
    }
  });
}
