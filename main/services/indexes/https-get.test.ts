/** Files by HTTPS, from a server that tries what a server can. */
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TEST_CERTIFICATE, TEST_KEY } from "../testing/tls.ts";
import { type GetOptions, httpsGet } from "./https-get.ts";
import { indexSource } from "./index-source.ts";

let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: string[];
let server: https.Server;
let base: string;

beforeEach(async () => {
  asked = [];
  server = https.createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, (request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `https://localhost:${(server.address() as AddressInfo).port}/`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const get = (file = "", options: Partial<GetOptions> = {}): Promise<Buffer | null> =>
  httpsGet(new URL(file, base), { maxBytes: 10, timeoutMs: 60_000, ca: TEST_CERTIFICATE, ...options });

it("gets what has the size, and says where nothing is", async () => {
  answer = ({ url }, response) => void response.writeHead(url === "/a" ? 200 : 404).end("0123456789");
  expect((await get("a"))?.toString()).toBe("0123456789");
  expect(await get("b")).toBeNull();
});

it("below the URL of an index, whether or not that ends in a slash", async () => {
  answer = (_request, response) => void response.end("x");
  for (const text of [`${base}shop`, `${base}shop/`])
    await indexSource(text, TEST_CERTIFICATE).read("words/files.json", { maxBytes: 10 });
  expect(asked).toEqual(["/shop/words/files.json", "/shop/words/files.json"]);
});

it("from nobody whose certificate is not trusted", async () => {
  answer = (_request, response) => void response.end("x");
  await expect(get("", { ca: undefined })).rejects.toThrow(/self-signed certificate/);
  await expect(indexSource(base).read("a", { maxBytes: 10 })).rejects.toMatchObject({ code: "index.unreachable" });
  expect(asked).toEqual([]);
});

it("no more than it may have, said or not, packed or not", async () => {
  answer = (_request, response) => void response.writeHead(200, { "content-length": 11 }).end("01234567890");
  await expect(get()).rejects.toThrow(/larger than 10 bytes/);
  let sent = 0;
  answer = (_request, response) => {
    const more = (): void => {
      sent += 1;
      if (!response.destroyed) response.write("x".repeat(1_000), more);
    };
    more();
  };
  await expect(get()).rejects.toThrow(/larger than 10 bytes/);
  expect(sent).toBeGreaterThan(0);
  answer = (_request, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("x");
  await expect(get()).rejects.toThrow(/has packed it/);
});

it("by a few redirects, never to what is not HTTPS", async () => {
  answer = ({ url }, response) => {
    const left = Number(url?.slice(1));
    if (left === 0) response.end("here");
    else response.writeHead(302, { location: `/${left - 1}` }).end();
  };
  expect((await get("3"))?.toString()).toBe("here");
  await expect(get("4")).rejects.toThrow(/more than 3 times/);
  for (const location of ["http://localhost/", "file:///etc/passwd"]) {
    answer = (_request, response) => void response.writeHead(301, { location }).end();
    await expect(get()).rejects.toThrow(/only https:\/\/ is followed/);
  }
});

it("within its time, or until nobody waits", async () => {
  answer = (_request, response) => void response.write("x");
  await expect(get("", { timeoutMs: 200 })).rejects.toThrow(/has not come within 0.2 s/);
  const ending = new AbortController();
  answer = () => ending.abort(new Error("nobody waits"));
  await expect(get("", { signal: ending.signal })).rejects.toThrow(/abort|nobody waits/);
});

it("from a server that says no", async () => {
  answer = (_request, response) => void response.writeHead(500).end();
  await expect(get()).rejects.toThrow(/answers 500/);
});
