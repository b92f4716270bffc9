import { expect, it } from "vitest";
import { renewal } from "./machine-state.ts";

it("is what a guest reads when it goes on: entropy, the time, its name", () => {
  const entropy = Buffer.alloc(64, 7);
  const bytes = renewal("disp-1", 1_700_000_000_123, entropy);
  expect(bytes.subarray(0, 64)).toEqual(entropy);
  expect(bytes.readBigUInt64LE(64)).toBe(1_700_000_000_123_000_000n);
  expect(bytes.readUInt8(72)).toBe(6);
  expect(bytes.subarray(73).toString()).toBe("disp-1");
});

it("is never the same twice", () => {
  expect(renewal("a", 0)).not.toEqual(renewal("a", 0));
});
