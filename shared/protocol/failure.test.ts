import { expect, test } from "vitest";
import { failureKind } from "./failure.ts";
import { FailureCode } from "./gen/atoll_pb.ts";

test.each([
  [FailureCode.UNSPECIFIED, "other"],
  [FailureCode.NOT_FOUND, "not-found"],
  [FailureCode.NOT_PERMITTED, "not-permitted"],
  [99 as FailureCode, "other"],
])("the code %i says %s", (code, kind) => {
  expect(failureKind(code)).toBe(kind);
});
