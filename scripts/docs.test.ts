/** What the documents say of the code is so: the files that they name are there, and examples are from the code. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const checkout = join(import.meta.dirname, "..");
/** Of the project, without what is made (out, dist, node_modules). */
const FOLDERS = "agents bench docs e2e images main packaging preload renderer scripts services shared".split(" ");
const files = ["", ...FOLDERS].flatMap((folder) =>
  readdirSync(join(checkout, folder), { recursive: folder !== "", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(checkout, join(entry.parentPath, entry.name))),
);
const documents = files.filter((file) => /^(docs\/)?[^/]+\.md$/.test(file));
const read = (file: string): string => readFileSync(join(checkout, file), "utf8");

/** `a/{b,c}.ts` names two files. */
function filesNamed(text: string): string[] {
  const names = text.matchAll(/`(?<name>[\w@./{},-]+\.(?:tsx?|rs|mjs|proto))`/g);
  return [...names].flatMap(({ groups = {} }) => {
    const name = groups["name"] ?? "";
    const [, before = "", choices, after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(name) ?? [];
    return choices === undefined ? [name] : choices.split(",").map((choice) => `${before}${choice}${after}`);
  });
}

it.each(documents)("every source file that %s names is there", (document) => {
  const named = filesNamed(read(document));
  expect(named.filter((name) => !files.some((file) => `/${file}`.endsWith(`/${name}`)))).toEqual([]);
});

describe("the recipe for a verb", () => {
  const [, recipe = ""] = /^## A verb\n(.*?)^## /ms.exec(read("CONTRIBUTING.md")) ?? [];
  /** Each example, after the file that was named last before it. */
  const examples = recipe.split(/^ *```\w*\n/m).flatMap((part, at, parts) => {
    const file = [...part.matchAll(/`([\w.-]+\/[\w./-]+)`/g)].at(-1)?.[1];
    const example = parts[at + 1];
    return at % 2 === 0 && file !== undefined && example !== undefined ? [[file, example] as const] : [];
  });
  const lines = (text: string): string => text.replaceAll(/^ +/gm, "").trim();

  it("has an example of each step", () => {
    expect(examples.map(([file]) => file.split("/")[0])).toEqual(["shared", "main", "renderer", "main"]);
  });

  it.each(examples)("has its example from %s", (file, example) => {
    expect(lines(read(file))).toContain(lines(example));
  });
});
