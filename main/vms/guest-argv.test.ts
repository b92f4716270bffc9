import { describe, expect, it } from "vitest";
import { MAX_ARGV, MAX_ARGV_BYTES } from "#shared/protocol/limits.ts";
import { checkArgv } from "./guest-argv.ts";

describe("checkArgv", () => {
  it("takes words up to both limits", () => {
    expect(() => checkArgv(["x".repeat(MAX_ARGV_BYTES)])).not.toThrow();
    expect(() => checkArgv(Array.from({ length: MAX_ARGV }, () => "x"))).not.toThrow();
  });

  it("refuses what no message could carry", () => {
    expect(() => checkArgv(["ü".repeat(MAX_ARGV_BYTES / 2), "x"])).toThrow(/command line may have/);
    expect(() => checkArgv(Array.from({ length: MAX_ARGV + 1 }, () => ""))).toThrow(/command line may have/);
    expect(() => checkArgv(["a\0b"])).toThrow(/NUL/);
  });
});
