import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { settingProblem } from "#shared/model/service.ts";
import { builtIns } from "./built-ins.ts";

it("every service that comes with Atoll can be read, and the example is not one of them", () => {
  const names = builtIns(() => "/nonexistent").map(({ manifest }) => manifest.name);
  expect(names).toEqual(expect.arrayContaining(["antivirus", "firewall", "yara"]));
  expect(names).not.toContain("example");
});

it("each text that is typed into a built-in service's settings is refused where its program could do nothing with it", () => {
  const texts = builtIns(() => "/nonexistent").flatMap(({ manifest: { name, settings } }) =>
    Object.entries(settings).flatMap(([key, schema]) =>
      schema.type === "text" || schema.type === "list" ? [{ key: `${name}.${key}`, schema }] : [],
    ),
  );
  expect(texts.map(({ key }) => key)).toEqual(
    expect.arrayContaining(["antivirus.watched", "signatures.mirror", "signatures.databases", "firewall.uplink"]),
  );
  for (const { key, schema } of texts)
    expect([key, settingProblem(schema, schema.type === "text" ? "a b" : ["a b"])]).toEqual([key, expect.any(String)]);
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
