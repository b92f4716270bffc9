import { describe, expect, it } from "vitest";
import { cpioArchive, S_IFREG } from "./cpio.ts";

describe("a cpio archive", () => {
  it("is what the format says, byte for byte", () => {
    const archive = cpioArchive([{ name: "a", mode: S_IFREG | 0o644, data: Buffer.from("hello") }]).toString("latin1");
    const zeros = "00000000";
    const header = [
      "070701",
      "00000001",
      "000081a4",
      zeros,
      zeros,
      "00000001",
      zeros,
      "00000005",
      zeros,
      zeros,
      zeros,
      zeros,
      "00000002",
      zeros,
    ];
    expect(archive.startsWith(`${header.join("")}a\0hello\0\0\0`)).toBe(true);
    expect(archive.endsWith("TRAILER!!!\0\0\0\0")).toBe(true);
    expect(archive.length % 4).toBe(0);
  });

  it("is the same for the same content", () => {
    const entries = [{ name: "init", mode: S_IFREG | 0o755, data: new Uint8Array(5) }];
    expect(cpioArchive(entries).equals(cpioArchive(entries))).toBe(true);
  });
});
