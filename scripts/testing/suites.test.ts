import { expect, test } from "vitest";
import { countRust, judged } from "./suites.mjs";

const OUTPUT = `
running 3 tests
..F
failures:

---- session::copies stdout ----
failures:
said by the program
assertion failed

failures:
    session::copies
    session::pastes

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

running 1 test
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`;

test("the Rust tests of all programs are counted, and those that failed are named", () => {
  expect(countRust(OUTPUT)).toEqual({ passed: 2, failed: 2, failures: ["session::copies", "session::pastes"] });
});

test("a suite that failed without a failed test, or in which nothing ran, is one failure", () => {
  expect(judged(false, { passed: 5, failed: 0, failures: [] }).failed).toBe(1);
  expect(judged(true, { passed: 0, failed: 0, failures: [] }).failed).toBe(1);
  expect(judged(true, { passed: 5, failed: 0, failures: [] }).failed).toBe(0);
  expect(judged(false, { passed: 5, failed: 2, failures: ["a", "b"] }).failed).toBe(2);
});
