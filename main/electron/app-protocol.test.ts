import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { serveFolder } from "./app-protocol.ts";

const electron = vi.hoisted(() => ({
  scheme: "",
  handle: (_request: { url: string }): Promise<Response> => Promise.reject(new Error("nothing is served")),
}));
vi.mock("electron", () => ({
  protocol: {
    handle: (scheme: string, handle: (request: { url: string }) => Promise<Response>) =>
      Object.assign(electron, { scheme, handle }),
  },
}));

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-page-"));
  fs.mkdirSync(path.join(folder, "page/assets"), { recursive: true });
  for (const name of ["page/index.html", "page/assets/a b.js", "page/notes.txt", "page-2.html", "secret.html"])
    fs.writeFileSync(path.join(folder, name), name);
  serveFolder(path.join(folder, "page"));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const answer = (url: string): Promise<Response> => electron.handle({ url });

it.each([
  ["app://atoll/index.html", "page/index.html", "text/html; charset=utf-8"],
  ["app://atoll/index.html?more#part", "page/index.html", "text/html; charset=utf-8"],
  ["app://atoll/assets/a%20b.js", "page/assets/a b.js", "text/javascript; charset=utf-8"],
])("%s is the page's file, with the page's policy", async (url, content, type) => {
  const response = await answer(url);
  expect([electron.scheme, response.status, await response.text()]).toEqual(["app", 200, content]);
  expect(response.headers.get("content-type")).toBe(type);
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
});

it.each([
  ["of another host", "app://other/index.html"],
  ["of another scheme", "https://atoll/index.html"],
  ["of a host with a port", "app://atoll:1/index.html"],
  ["that climbs out", "app://atoll/../secret.html"],
  ["that climbs out encoded", "app://atoll/%2e%2e/secret.html"],
  ["that climbs out by an encoded slash", "app://atoll/..%2fsecret.html"],
  ["in a folder whose name begins alike", "app://atoll/..%2fpage-2.html"],
  ["of a type that the page has not", "app://atoll/notes.txt"],
  ["without a name", "app://atoll/"],
  ["that is not there", "app://atoll/none.html"],
  ["with a null", "app://atoll/index%00.html"],
  ["that is no UTF-8", "app://atoll/%ff.html"],
  ["that is none", "index.html"],
])("a URL %s is not found: %s", async (_what, url) => {
  const response = await answer(url);
  expect([response.status, await response.text()]).toEqual([404, ""]);
});
