import { describe, expect, it } from "vitest";
import { availableMiB, checkMemory } from "./memory.ts";

describe("availableMiB", () => {
  it("reads what the kernel estimates", () => {
    expect(availableMiB("MemTotal:  4096 kB\nMemAvailable:    2050 kB\nBuffers: 1 kB\n")).toBe(2);
  });

  it("knows nothing where the kernel says nothing", () => {
    expect(availableMiB("MemTotal:  4096 kB\n")).toBeNull();
  });
});

describe("checkMemory", () => {
  it("leaves something to what runs already", () => {
    expect(() => checkMemory(300, 556)).not.toThrow();
    expect(() => checkMemory(300, 555)).toThrow(expect.objectContaining({ code: "disposable.no-memory" }));
  });

  it("refuses nothing where nothing is known", () => {
    expect(() => checkMemory(300, null)).not.toThrow();
  });
});
