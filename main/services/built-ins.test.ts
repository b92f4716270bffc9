import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { builtIns } from "./built-ins.ts";

it("every service that comes with Atoll can be read, and the example is not one of them", () => {
  const names = builtIns(() => "/nonexistent").map(({ manifest }) => manifest.name);
  expect(names).toEqual(expect.arrayContaining(["antivirus", "firewall", "yara"]));
  expect(names).not.toContain("example");
});

it("the service that fetches signatures speaks to Atoll by the same file", () => {
  const text = (service: string): string =>
    readFileSync(new URL(`../../services/${service}/program/atoll_service.py`, import.meta.url), "utf8");
  expect(text("signatures")).toBe(text("example"));
});

it.each(["atoll_service.py", "count.py", "limits.py", "quarantine.py", "scanner.py"])(
  "the second scanner's copy of %s is the antivirus's",
  (name) => {
    const text = (service: string): string =>
      readFileSync(new URL(`../../services/${service}/program/${name}`, import.meta.url), "utf8");
    expect(text("yara")).toBe(text("antivirus"));
  },
);
