import { describe, expect, it } from "vitest";
import { combinedVerdict, type EngineVerdict, passedByOne, SCAN_VERDICTS, scanAnswer, verdictWords } from "./scan.ts";

const ANSWER = {
  sha256: "0123456789abcdef".repeat(4),
  bytes: 0,
  engine: { name: "clam", version: "1", signatures: "27000" },
  verdict: "clean",
  signature: null,
  reason: null,
};

const engine = (fields: Partial<EngineVerdict>): EngineVerdict => ({
  name: "clam",
  version: null,
  signatures: null,
  verdict: "clean",
  signature: null,
  reason: null,
  ...fields,
});

describe("an engine's answer", () => {
  it("is taken with its words cleaned", () => {
    const engineWords = { name: "cl\u202eam", version: " 1 ", signatures: "27000" };
    expect(scanAnswer.parse({ ...ANSWER, engine: engineWords })).toEqual({ ...ANSWER, kept: false });
  });

  it.each([
    { verdict: "found", signature: "Eicar" },
    { verdict: "suspicious" },
    { verdict: "suspicious", signature: "Packed" },
    { verdict: "not-scanned", reason: "encrypted" },
    { verdict: "error" },
  ])("is %j", (fields) => {
    expect(scanAnswer.parse({ ...ANSWER, ...fields })).toEqual({ ...ANSWER, ...fields, kept: false });
  });

  it.each([
    ["found without a name", { verdict: "found" }],
    ["clean with a signature", { signature: "Eicar" }],
    ["clean with a reason", { reason: "encrypted" }],
    ["clean with both", { signature: "Eicar", reason: "encrypted" }],
    ["no verdict", { verdict: "fine" }],
    ["a hash that is none", { sha256: "0".repeat(63) }],
    ["a hash and more", { sha256: `${"0".repeat(64)}\n` }],
    ["less than no bytes", { bytes: -1 }],
    ["a name that is too long", { verdict: "found", signature: "x".repeat(201) }],
    ["a reason that is too long", { verdict: "error", reason: "x".repeat(301) }],
    ["more fields", { more: 1 }],
  ])("is not %s", (_what, fields) => {
    expect(scanAnswer.safeParse({ ...ANSWER, ...fields }).success).toBe(false);
  });
});

describe("the verdict of several engines", () => {
  it("of none is not clean", () => {
    expect(combinedVerdict([])).toBe("not-scanned");
  });

  it.each(SCAN_VERDICTS)("is %s where all say so", (verdict) => {
    expect(combinedVerdict([{ verdict }, { verdict }])).toBe(verdict);
  });

  it.each([
    ["clean", "found", "found"],
    ["clean", "suspicious", "suspicious"],
    ["clean", "error", "error"],
    ["clean", "not-scanned", "not-scanned"],
    ["not-scanned", "error", "error"],
    ["error", "suspicious", "suspicious"],
    ["suspicious", "found", "found"],
  ] as const)("of %s and %s is %s, whoever says it first", (one, other, both) => {
    expect(combinedVerdict([{ verdict: one }, { verdict: other }])).toBe(both);
    expect(combinedVerdict([{ verdict: other }, { verdict: one }])).toBe(both);
  });

  it("is clean by one engine alone only where one says so", () => {
    const clean = engine({});
    const failed = engine({ verdict: "error" });
    const said = { sha256: null, verdict: "error" as const, engines: [failed, clean] };
    expect(passedByOne(said)).toEqual({ ...said, verdict: "clean" });
    const failedTwice = { ...said, engines: [failed, failed] };
    expect(passedByOne(failedTwice)).toEqual(failedTwice);
    const unasked = { ...said, engines: [] };
    expect(passedByOne(unasked)).toEqual(unasked);
  });
});

it.each([
  ["clean", [engine({})], ""],
  ["found", [engine({}), engine({ verdict: "found", signature: "Eicar" })], "Eicar was found in it (clam)"],
  ["found", [], "malware was found in it"],
  ["suspicious", [], "it looks suspicious: no reason was given"],
  ["suspicious", [engine({ verdict: "suspicious", signature: "Packed" })], "it looks suspicious: Packed (clam)"],
  ["suspicious", [engine({ verdict: "suspicious", reason: "odd" })], "it looks suspicious: odd (clam)"],
  ["suspicious", [engine({ verdict: "suspicious" })], "it looks suspicious: no reason was given (clam)"],
  ["not-scanned", [engine({ verdict: "not-scanned", reason: "encrypted" })], "it was not scanned: encrypted (clam)"],
  ["not-scanned", [], "it was not scanned: no scanner runs"],
  ["error", [engine({ verdict: "error", reason: "it broke" })], "it could not be scanned: it broke (clam)"],
] as const)("what is %s says of whom, and why", (verdict, engines, words) => {
  expect(verdictWords({ verdict, engines: [...engines] })).toBe(words);
});
