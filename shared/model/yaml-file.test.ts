import { describe, expect, it } from "vitest";
import { z } from "zod";
import { problemWords, readYaml, unreadable } from "./yaml-file.ts";

const schema = z.strictObject({
  size: z.int(),
  ports: z.strictObject({ first: z.string().startsWith("/") }).optional(),
  names: z.array(z.string().regex(/^[a-z]+$/, "small letters")).default([]),
});

const read = (text: string) => readYaml(schema, text, "/c/f.yaml");

describe("readYaml", () => {
  it("returns the file as parsed by the schema", () => {
    expect(read("size: 3\n")).toEqual({
      ok: true,
      value: { size: 3, names: [] },
      lineOf: expect.any(Function) as unknown,
    });
  });

  it("says on which line each value stands", () => {
    const result = read("# about\nsize: 3\nnames:\n  - a\n  - b\n");
    if (!result.ok) throw new Error(result.problem.reason);
    expect([["size"], ["names", 1], []].map((path) => result.lineOf(path))).toEqual([2, 5, 2]);
  });

  it.each([
    ["a value", "# about\nsize: much\n", 2, 7, "size"],
    ["a value further down", "size: 1\nports:\n  first: here\n", 3, 10, "ports.first"],
    ["an item of a list", "size: 1\nnames:\n  - a\n  - B\n", 4, 5, "names.1: small letters"],
    ["a field that there is not", "size: 1\ncolour: red\n", 2, 1, "colour: there is no such field"],
    [
      "a field that there is not, before what else is wrong",
      "size: much\ncolour: red\n",
      2,
      1,
      "colour: there is no such field",
    ],
    ["a nested field that there is not", "size: 1\nports:\n  first: /a\n  x: 1\n", 4, 3, "ports.x"],
    ["a field that is missing", "names: []\n", 1, 1, "size"],
    ["a field without a value", "names: []\nsize:\n", 2, 6, "size"],
    ["a field named twice", "size: 1\nsize: 2\n", 2, 1, "unique"],
    ["what is no YAML", "size: 1\nnames: [\n", 3, 1, ""],
    ["a tab", "ports:\n\tfirst: /a\n", 2, 1, ""],
    ["what is no map", "- 1\n", 1, 1, "object"],
    ["nothing", "", 1, 1, "size"],
  ])("points at %s", (_what, text, line, column, reason) => {
    const result = read(text);
    if (result.ok) return expect.unreachable("it was accepted");
    expect(result.problem).toMatchObject({ file: "/c/f.yaml", line, column });
    expect(result.problem.reason).toContain(reason);
    expect(result.problem.reason).not.toContain("\n");
  });

  it("does not let aliases blow up", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefg"
      .split("")
      .map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${"abcdef"[at]}`).join(",")}]`)
      .join("\n")}\n`;
    expect(read(bomb).ok).toBe(false);
  });
});

it("says a problem as compilers do", () => {
  expect(problemWords({ file: "/f", line: 2, column: 3, reason: "no" })).toBe("/f:2:3: no");
});

it("says why the system does not give a file", () => {
  const problem = unreadable("/f", new Error("no such file"));
  expect(problemWords(problem)).toBe("/f:1:1: it cannot be read: no such file");
});
