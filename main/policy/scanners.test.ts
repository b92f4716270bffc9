import { expect, it } from "vitest";
import { POLICY_ACTIONS } from "#shared/model/policy.ts";
import { hasScannerOf } from "./scanners.ts";

it.each([
  [true, false, ["net.connect"]],
  [false, true, ["file.open", "file.send"]],
  [false, false, []],
])("with a scanner of traffic %s and of files %s these are scanned: %j", (traffic, files, scanned) => {
  const has = hasScannerOf({ traffic: () => traffic, files: () => files });
  expect(POLICY_ACTIONS.filter(has).toSorted()).toEqual(scanned);
});
