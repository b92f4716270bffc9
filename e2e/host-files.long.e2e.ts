/** What is too large for `npm test`: a file whose size 31 bits do not hold, and 20,000 files. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import { expect, test } from "@playwright/test";
import { HostTransfers } from "./support/host-transfers.ts";

const LARGE_BYTES = 3_000_000_000;
const FILES = 20_000;
const FOLDERS = 200;

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

test("20,000 files arrive, each as it was", async () => {
  const name = (index: number): string => `${index % FOLDERS}/file ${index}`;
  for (let index = 0; index < FOLDERS; index += 1) fs.mkdirSync(host.at("many", `${index}`), { recursive: true });
  for (let index = 0; index < FILES; index += 1)
    fs.writeFileSync(host.at("many", name(index)), `content of ${index}\n`);
  expect(await host.outcomes(host.copy("many", "to/"))).toEqual({ whole: FILES + FOLDERS + 1 });
  // An expectation for each would take longer than the transfer.
  const isOther = (index: number): boolean =>
    fs.readFileSync(host.at("to/many", name(index)), "utf8") !== `content of ${index}\n`;
  expect(Array.from({ length: FILES }, (_, index) => index).filter(isOther)).toEqual([]);
});
