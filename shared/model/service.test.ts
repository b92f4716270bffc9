import { describe, expect, it } from "vitest";
import {
  compareVersions,
  KEPT_FILE,
  MAX_SETTING_FILE,
  type ServiceSetting,
  serviceSettings,
  settingFromText,
  settingProblem,
  shownValue,
} from "./service.ts";

const about = { title: "One", description: "" };
const TEXT: ServiceSetting = { type: "text", ...about, default: "" };
const NUMBER: ServiceSetting = { type: "number", ...about, default: 2, min: 1, max: 3 };
const BOOLEAN: ServiceSetting = { type: "boolean", ...about, default: false };
const LIST: ServiceSetting = { type: "list", ...about, default: [] };
const FILE: ServiceSetting = { type: "file", ...about, default: "" };
const CHOICE: ServiceSetting = {
  type: "choice",
  ...about,
  options: [
    { value: "a", title: "A" },
    { value: "b", title: "B" },
  ],
  default: "a",
};

describe("a setting's value", () => {
  it.each([
    [TEXT, "x".repeat(500)],
    [NUMBER, 1],
    [NUMBER, 3],
    [{ type: "number", ...about, default: 0 }, -1e9],
    [BOOLEAN, true],
    [BOOLEAN, false],
    [LIST, Array.from({ length: 64 }, () => "x".repeat(500))],
    [CHOICE, "b"],
    [FILE, ""],
    [FILE, "a\tb\r\nü\u202e"],
    [FILE, "x".repeat(MAX_SETTING_FILE)],
  ] as const)("%# may be", (setting, value) => {
    expect(settingProblem(setting as ServiceSetting, value)).toBeNull();
  });

  it.each([
    [TEXT, "x".repeat(501), "a text of at most 500 characters"],
    [TEXT, 1, "a text of at most 500 characters"],
    [NUMBER, 0.9, "a number, at least 1, at most 3"],
    [NUMBER, 3.1, "a number, at least 1, at most 3"],
    [NUMBER, "2", "a number, at least 1, at most 3"],
    [{ type: "number", ...about, default: 0, min: 0 }, -1, "a number, at least 0"],
    [{ type: "number", ...about, default: 0, max: 0 }, 1, "a number, at most 0"],
    [{ type: "number", ...about, default: 0 }, Infinity, "a number"],
    [{ type: "number", ...about, default: 0 }, NaN, "a number"],
    [BOOLEAN, "true", "true or false"],
    [LIST, Array.from({ length: 65 }, () => "x"), "a list of at most 64 texts"],
    [LIST, ["x".repeat(501)], "a list of at most 64 texts"],
    [LIST, "x", "a list of at most 64 texts"],
    [CHOICE, "c", "one of a, b"],
    [CHOICE, null, "one of a, b"],
    [FILE, KEPT_FILE, "the text of a file, not what stands for the one that is kept"],
    [FILE, "x".repeat(MAX_SETTING_FILE + 1), "the text of a file, at most 16 KiB"],
    [FILE, "a\0b", "the text of a file, at most 16 KiB"],
    [FILE, "a\u001b[31m", "the text of a file, at most 16 KiB"],
    [FILE, "a\u009b", "the text of a file, at most 16 KiB"],
    [FILE, 1, "the text of a file, at most 16 KiB"],
    [FILE, ["x"], "the text of a file, at most 16 KiB"],
  ] as const)("%# may not be", (setting, value, problem) => {
    expect(settingProblem(setting as ServiceSetting, value)).toBe(problem);
  });

  it.each([
    [NUMBER, " 2.5 ", 2.5],
    [NUMBER, "two", NaN],
    [NUMBER, " ", " "],
    [BOOLEAN, "true", true],
    [BOOLEAN, "false", false],
    [BOOLEAN, "yes", "yes"],
    [LIST, " a, b ,,c", ["a", "b", "c"]],
    [LIST, " ", []],
    [TEXT, " a, b ", " a, b "],
    [CHOICE, "a", "a"],
  ] as const)("%# is what was typed", (setting, typed, value) => {
    expect(settingFromText(setting, typed)).toEqual(value);
  });

  it("that is a file is not shown", () => {
    expect(shownValue(FILE, "secret")).toBe(KEPT_FILE);
    expect(shownValue(FILE, "")).toBe("");
    expect(shownValue(TEXT, "shown")).toBe("shown");
  });
});

it("the value of a setting that nobody has set must be one that it may have", () => {
  expect(serviceSettings.safeParse({ one: NUMBER, other: CHOICE }).success).toBe(true);
  const problems = serviceSettings.safeParse({ one: { ...NUMBER, default: 4 }, other: { ...CHOICE, default: "c" } });
  expect(problems.error?.issues.map(({ path, message }) => [path.join("."), message])).toEqual([
    ["one.default", "must be a number, at least 1, at most 3"],
    ["other.default", "must be one of a, b"],
  ]);
});

it.each([
  ["1.0.0", "1.0.0", 0],
  ["1.0.10", "1.0.9", 1],
  ["1.2.0", "1.10.0", -1],
  ["2.0.0", "1.9.9", 1],
  ["1.9.9", "2.0.0", -1],
])("%s beside %s", (version, other, sign) => {
  expect(Math.sign(compareVersions(version, other))).toBe(sign);
});
