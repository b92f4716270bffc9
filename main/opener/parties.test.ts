import { expect, it } from "vitest";
import type { TransferEnd } from "../files/transfer.ts";
import { transferWords } from "./parties.ts";

const file: TransferEnd["files"][number] = {
  index: 0,
  path: Buffer.from("a.com"),
  isFolder: false,
  bytes: 68,
  outcome: "failed",
  reason: "scan.found",
  scan: "Eicar was found in it (ClamAV)",
  sha256: null,
  arrivedAt: null,
};
const ended = (more: Partial<typeof file>): string =>
  transferWords({ state: "failed", files: [{ ...file, ...more }], bytes: 0, seconds: 0, detail: "" });

it("say what a scanner has found in a file that was held", () => {
  expect(ended({})).toBe("“a.com”: held, as a scanner has found something in it: Eicar was found in it (ClamAV).");
  expect(ended({ reason: "scan.not-scanned", scan: "" })).toBe("“a.com”: held, as it could not be scanned.");
});

it("say why another one did not arrive", () => {
  expect(ended({ reason: "no-space", scan: "" })).toBe("“a.com”: the disk is full there.");
});
