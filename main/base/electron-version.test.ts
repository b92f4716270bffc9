import { expect, it } from "vitest";
import { electronWarning } from "./electron-version.ts";

it.each([
  ["33.2.1", "45.4.1"],
  ["45.3.9", "45.4.1"],
  ["45.4.0", "45.4.1"],
  ["9.9.9", "45.4.1"],
])("%s is older than %s, which is said", (version, wanted) => {
  expect(electronWarning(version, wanted)).toContain(`${version} is older than ${wanted}`);
});

it.each([
  ["45.4.1", "45.4.1"],
  ["45.10.0", "45.4.1"],
  ["46.0.0", "45.4.1"],
  ["?", "45.4.1"],
  ["33.2.1", undefined],
])("of %s there is nothing to say where %s is wanted", (version, wanted) => {
  expect(electronWarning(version, wanted)).toBeNull();
});
