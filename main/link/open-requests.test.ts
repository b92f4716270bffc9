import { expect, it } from "vitest";
import { ViolationError } from "#shared/protocol/violation.ts";
import { MAX_OPEN_REQUESTS, OpenRequests } from "./open-requests.ts";

/** Asked under the numbers 1 to `count`. */
function asked(count: number): OpenRequests<string> {
  const requests = new OpenRequests<string>("launch");
  for (let request = 1; request <= count; request += 1) expect(requests.add(request, `of ${request}`)).toBe(true);
  return requests;
}

it("an answer finds what is kept for it, until it is whole", () => {
  const requests = asked(2);
  expect(requests.stateOf(1)).toBe("of 1");
  expect(requests.stateOf(1)).toBe("of 1");
  requests.end(1);
  expect(() => requests.stateOf(1)).toThrow(ViolationError);
  expect(requests.stateOf(2)).toBe("of 2");
});

it("an answer to what was never asked is a violation", () => {
  expect(() => asked(1).stateOf(2)).toThrow("an answer to launch 2, which waits for none");
});

it("an answer that nobody waits for any more is late, once", () => {
  const requests = asked(1);
  requests.drop(1);
  expect(requests.stateOf(1)).toBeNull();
  requests.end(1);
  expect(() => requests.stateOf(1)).toThrow(ViolationError);
});

it("what was not asked is not late where it is dropped", () => {
  const requests = asked(1);
  requests.drop(2);
  expect(() => requests.stateOf(2)).toThrow(ViolationError);
});

it("so many may be open, those that nobody waits for among them", () => {
  const requests = asked(MAX_OPEN_REQUESTS);
  expect(requests.add(100, "one more")).toBe(false);
  expect(() => requests.stateOf(100)).toThrow(ViolationError);
  requests.drop(1);
  expect(requests.add(100, "one more")).toBe(false);
  requests.end(1);
  expect(requests.add(100, "one more")).toBe(true);
  expect(requests.add(101, "one more")).toBe(false);
});

it("all may be dropped: each answer is late then", () => {
  const requests = asked(2);
  requests.dropAll();
  expect([1, 2].map((request) => requests.stateOf(request))).toEqual([null, null]);
});

it("nothing is kept after the end", () => {
  const requests = asked(1);
  requests.close();
  expect(() => requests.stateOf(1)).toThrow(ViolationError);
});
