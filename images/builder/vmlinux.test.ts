import { expect, it } from "vitest";
import { bzImage } from "./testing/bz-image.ts";
import { kernelPayload } from "./vmlinux.ts";

it("finds the compressed kernel of a bzImage, without the size at its end", () => {
  const zstd = Buffer.from("28b52ffd0102030405060708", "hex");
  const { payload, unpack } = kernelPayload(bzImage(zstd));
  expect(payload.toString("hex")).toBe("28b52ffd01020304");
  expect(unpack[0]).toBe("zstd");
  expect(kernelPayload(bzImage(Buffer.from("fd377a585a0000000000", "hex"))).unpack[0]).toBe("xz");
});

it("refuses what is no bzImage, is cut off or compressed otherwise", () => {
  expect(() => kernelPayload(Buffer.alloc(100))).toThrow("not a bzImage");
  expect(() => kernelPayload(Buffer.alloc(4096))).toThrow("not a bzImage");
  const whole = bzImage(Buffer.alloc(64));
  expect(() => kernelPayload(whole.subarray(0, -1))).toThrow("cut off");
  expect(() => kernelPayload(whole)).toThrow("unknown kind");
});
