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
import { VM_NAME_WORDS } from "./vm.ts";

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

  const ADDRESS_WORDS = "IP addresses without ports, as 9.9.9.9 or 2620:fe::fe";
  const NAME_WORDS = "names, as wiki.corp, or *.NAME for all names below one";
  const FOLDER_WORDS = "folders of VMs, as web:Downloads, or *:Downloads for all VMs";
  const URL_WORDS = "addresses that begin with https:// or http://, of letters, digits and ./~_-";
  const VM_WORDS = `names of VMs (${VM_NAME_WORDS})`;
  it.each([
    ["address", ["9.9.9.9", "0.0.0.0", "2620:fe::fe", "::1", "FE80::1", "1:2:3:4:5:6:7:8"], null],
    ["address", [], null],
    ...[
      ...[
        "dns.google",
        "9.9.9.9:53",
        "[2620:fe::fe]",
        "[::1]:53",
        "9.9.9",
        "9.9.9.256",
        "09.9.9.9",
        " 9.9.9.9",
        "9.9.9.9 ",
      ],
      ...["9.9.9.0/24", "fe80::1%eth0", ":::", "1:2:3:4:5:6:7:8:9", "::12345", "", "tls://9.9.9.9"],
    ].map((text) => ["address", ["9.9.9.9", text], `${ADDRESS_WORDS}, which "${text}" is not`]),
    ["domain", ["wiki.corp", "*.lab.corp", "nas", "A.b_c.", "*.corp."], null],
    ...["a b", "*", "*.", "a..b", "*.*.corp", "10.0.0.1", "a.corp:443", "-a", "x".repeat(64), "@internet"].map(
      (text) => ["domain", [text], `${NAME_WORDS}, which "${text.slice(0, 60)}${text.length > 60 ? "…" : ""}" is not`],
    ),
    ["vm", ["web", "9-a"], null],
    ...["Web", "a b", "", "*", "a\u001b"].map((text) => [
      "vm",
      [text],
      `${VM_WORDS}, which "${text.replace("\u001b", "\\x1b")}" is not`,
    ]),
    ["folder", ["web:Downloads", "*:/srv/in", "*:a b"], null],
    ...["Downloads", "web:", ":Downloads", "Web:Downloads", "web:../x", ""].map((text) => [
      "folder",
      [text],
      `${FOLDER_WORDS}, which "${text}" is not`,
    ]),
    ["url", ["https://database.clamav.net", "http://10.0.0.1:8080/clamav/", "https://a.b/~c/d_e-f"], null],
    ...[
      ...["database.clamav.net", "ftp://a.b", "https://", "https://a b", "https://u:p@a.b", "https://a.b:99999"],
      ...["https://a.b/?x=1", "https://a.b/#x", "https://a.b\n", " https://a.b", "https://a.b:", ""],
    ].map((text) => ["url", [text], `${URL_WORDS}, which "${text}" is not`]),
    ["word", ["main", "daily"], null],
    ...["Main", "main.cvd", "a b", "../main", "", "x".repeat(21)].map((text) => [
      "word",
      [text],
      `words of small letters, each of at most 20, which "${text}" is not`,
    ]),
  ] as ["address" | "domain" | "vm" | "folder" | "url" | "word", string[], string | null][])(
    "with the format %s: %j is %j",
    (format, value, problem) => {
      expect(settingProblem({ ...LIST, format }, value)).toBe(problem);
    },
  );

  it("that names an interface is what Linux lets one be called", () => {
    const one: ServiceSetting = { type: "text", ...about, format: "interface", default: "" };
    const fits = (name: string): boolean => settingProblem(one, name) === null;
    expect(["", "eth0", "wlp2s0.100", "br-lan_1"].map(fits)).toEqual([true, true, true, true]);
    expect(["eth 0", "a/b", "eth0:1", "..", "x".repeat(16), "eth0\0"].map(fits)).toEqual(Array(6).fill(false));
  });

  it("that is one text has a format too, and may be none", () => {
    const one: ServiceSetting = { type: "text", ...about, format: "address", default: "" };
    expect(["", "9.9.9.9", "x"].map((text) => settingProblem(one, text))).toEqual([
      null,
      null,
      'an IP address without a port, as 9.9.9.9 or 2620:fe::fe, which "x" is not',
    ]);
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
