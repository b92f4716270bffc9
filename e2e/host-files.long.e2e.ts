/** What is too large for `npm test`: a file whose size 31 bits do not hold. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { expect, test } from "@playwright/test";
import { HostTransfers } from "./support/host-transfers.ts";

const LARGE_BYTES = 3_000_000_000;

let host: HostTransfers;

test.beforeEach(() => {
  host = new HostTransfers();
});
test.afterEach(() => host.remove());

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of fs.createReadStream(file)) hash.update(bytes as Buffer);
  return hash.digest("hex");
}

test("a file of 3 GB arrives whole", async () => {
  const source = fs.openSync(host.at("large"), "w");
  // Here and there something, so that no part could stand in another's place.
  for (let at = 0; at < LARGE_BYTES; at += 50_000_000) fs.writeSync(source, `at ${at}`, at);
  fs.writeSync(source, "the end", LARGE_BYTES - 7);
  fs.closeSync(source);
  expect(await host.outcomes(host.copy("large", "to/"))).toEqual({ whole: 1 });
  expect(fs.statSync(host.at("to/large")).size).toBe(LARGE_BYTES);
  expect(await sha256(host.at("to/large"))).toBe(await sha256(host.at("large")));
});
