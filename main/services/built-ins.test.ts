import { expect, it } from "vitest";
import { builtIns } from "./built-ins.ts";

it("every service that comes with Atoll can be read, and the example is not one of them", () => {
  const names = builtIns(() => "/nonexistent").map(({ manifest }) => manifest.name);
  expect(names).toEqual(expect.arrayContaining(["antivirus", "firewall"]));
  expect(names).not.toContain("example");
});
