import os from "node:os";
import { describe, expect, it } from "vitest";
import { launchArguments } from "./launch-arguments.ts";

const FOLDER = "/home/ada/My files";
const file = (path: string) => ({ kind: "file", path });
const url = (text: string) => ({ kind: "url", url: text });
const one = (word: string) => launchArguments([word], FOLDER)[0];

describe("a word becomes", () => {
  it.each([
    ["/tmp/a b.pdf", file("/tmp/a b.pdf")],
    ["report.pdf", file("/home/ada/My files/report.pdf")],
    ["../x", file("/home/ada/x")],
    // Not options: they are names of files.
    ["-rf", file("/home/ada/My files/-rf")],
    ["--inspect", file("/home/ada/My files/--inspect")],
    ["--", file("/home/ada/My files/--")],
    // Only a URI is decoded.
    ["%C3%A7", file("/home/ada/My files/%C3%A7")],
    ["a%20b", file("/home/ada/My files/a%20b")],
    ["a:b", file("/home/ada/My files/a:b")],
    ["line\nbreak", file("/home/ada/My files/line\nbreak")],
    ["file:///a%20b", file("/a b")],
    ["file:/a%20b", file("/a b")],
    ["FILE:///a", file("/a")],
    ["file://localhost/a", file("/a")],
    [`file://${os.hostname()}/a`, file("/a")],
    ["file:///%C3%A7", file("/ç")],
    ["file:///ç", file("/ç")],
    ["file:///tmp/%0Aname", file("/tmp/\nname")],
    ["file:///tmp/-rf", file("/tmp/-rf")],
    ["file:///tmp/100%25", file("/tmp/100%")],
    ["file:///tmp/%23a%3Fb", file("/tmp/#a?b")],
    ["https://example.org/a%20b?c=d#e", url("https://example.org/a%20b?c=d#e")],
    ["HTTP://example.org", url("HTTP://example.org")],
    ["mailto:ada@example.org?subject=x", url("mailto:ada@example.org?subject=x")],
  ])("%j: %j", (word, item) => {
    expect(one(word)).toEqual(item);
  });
});

describe("a word is refused", () => {
  it.each([
    ["", "empty"],
    ["ftp://example.org/a", "http, https and mailto"],
    ["javascript://x", "http, https and mailto"],
    ["file:a", "a whole path"],
    ["file://elsewhere/a", "another computer"],
    ["file:///a%2Fb", "cannot be read"],
    ["file:///a%FF", "cannot be read"],
    ["file:///a%00b", "null character"],
    ["file:///a\nb", "control character"],
    ["https://exa\nmple.org", "control character"],
    ["https://", "not a valid address"],
    [`https://example.org/${"a".repeat(9000)}`, "8192 bytes"],
    [`/${"a".repeat(5000)}`, "4096 bytes"],
  ])("%j: %s", (word, reason) => {
    expect(() => one(word)).toThrow(reason);
  });
});

it("a thousand files are a thousand items, in their order", () => {
  const words = Array.from({ length: 1000 }, (_, index) => `file:///tmp/file%20${index}.png`);
  const items = launchArguments(words, FOLDER);
  expect(items).toHaveLength(1000);
  expect(items[999]).toEqual(file("/tmp/file 999.png"));
});

it("more than ten thousand are refused as a whole", () => {
  expect(() => launchArguments(Array.from({ length: 10_001 }, String), FOLDER)).toThrow("too many");
});
