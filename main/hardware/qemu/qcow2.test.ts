import { expect, it } from "vitest";
import { hasExternalDataFile, QCOW2_HEADER_BYTES } from "./qcow2.ts";

/** A header of QEMU's specification, with these bits of incompatible features. */
function header(features: bigint, { magic = "QFI\xfb", version = 3, length = 104 } = {}): Buffer {
  const bytes = Buffer.alloc(104);
  bytes.write(magic, 0, "latin1");
  bytes.writeUInt32BE(version, 4);
  bytes.writeBigUInt64BE(features, 72);
  return bytes.subarray(0, length);
}

it.each([
  ["no features", header(0n), false],
  ["a dirty, a corrupt, a compressed image, extended L2 entries", header(0b11011n), false],
  ["an external data file", header(0b00100n), true],
  ["an external data file among all features", header(0xffff_ffff_ffff_ffffn), true],
  ["the bit where only the upper half has it", header(4n << 32n), false],
  ["the shortest header that says so", header(4n, { length: QCOW2_HEADER_BYTES }), true],
  ["one byte less", header(4n, { length: QCOW2_HEADER_BYTES - 1 }), false],
  ["version 2, which has no features", header(4n, { version: 2 }), false],
  ["a version that nobody knows yet", header(4n, { version: 4 }), true],
  ["another kind of file", header(4n, { magic: "QED\0" }), false],
  ["nothing", Buffer.alloc(0), false],
])("%s", (_, bytes, expected) => {
  expect(hasExternalDataFile(bytes)).toBe(expected);
});

it("looks at the header where it is in a larger buffer", () => {
  const larger = Buffer.concat([Buffer.alloc(7, 0xff), header(4n), Buffer.alloc(9)]);
  expect(hasExternalDataFile(larger.subarray(7, 7 + 104))).toBe(true);
});
