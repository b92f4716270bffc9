/** Where an installed service is from, and what may come after it. */
import { generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { FOLDER_ORIGIN, type Origin, readOrigin, refuseSuccessor, shownOrigin, writeOrigin } from "./origin.ts";
import { fingerprintOf, publicKeyText } from "./signing/minisign.ts";

const KEY = publicKeyText(generateKeyPairSync("ed25519").privateKey);
const OTHER = publicKeyText(generateKeyPairSync("ed25519").privateKey);
const SIGNED: Origin = { index: "shop", key: KEY };
const words = { name: "words", version: "1.2.0" };

it("is kept beside the files; what cannot be read is a folder's that nobody has signed", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-origin-"));
  expect(await readOrigin(folder)).toEqual(FOLDER_ORIGIN);
  await writeOrigin(folder, SIGNED);
  expect(await readOrigin(folder)).toEqual(SIGNED);
  fs.writeFileSync(path.join(folder, "origin.json"), '{"index": 1}');
  expect(await readOrigin(folder)).toEqual(FOLDER_ORIGIN);
  fs.rmSync(folder, { recursive: true });
});

it("is shown by the fingerprint of its key", () => {
  expect(shownOrigin(SIGNED)).toEqual({ kind: "index", index: "shop", signer: fingerprintOf(KEY) });
  expect(shownOrigin(FOLDER_ORIGIN)).toEqual({ kind: "folder", index: null, signer: null });
  expect(shownOrigin(null)).toMatchObject({ kind: "built-in" });
});

it.each([
  ["a later one of its key", "1.10.0", SIGNED, null],
  ["of another index, by its key", "2.0.0", { index: null, key: KEY }, null],
  ["the same version", "1.2.0", SIGNED, "service.not-newer"],
  ["an older one", "1.1.9", SIGNED, "service.not-newer"],
  ["one of another key", "2.0.0", { index: "shop", key: OTHER }, "service.other-signer"],
  ["one that nobody has signed", "2.0.0", FOLDER_ORIGIN, "service.other-signer"],
])("after a signed version: %s", (_what, version, origin, code) => {
  const put = (): void => refuseSuccessor(words, SIGNED, { version, origin });
  if (code === null) expect(put).not.toThrow();
  else expect(put).toThrow(expect.objectContaining({ code }));
  // What nobody has signed is its developer's.
  expect(() => refuseSuccessor(words, FOLDER_ORIGIN, { version, origin })).not.toThrow();
});
