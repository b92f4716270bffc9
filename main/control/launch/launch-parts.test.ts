import fc from "fast-check";
import { expect, it } from "vitest";
import { type LaunchItem, MAX_PATH_BYTES } from "#shared/model/launch-item.ts";
import { MAX_URL_BYTES } from "#shared/protocol/limits.ts";
import { itemsOfJson, itemsOfPart, launchParts } from "./launch-parts.ts";

const file = (path: string): LaunchItem => ({ kind: "file", path });

it("any list arrives as it was, in ASCII without null bytes, in parts that Chromium's message holds", () => {
  const item = fc.oneof(
    fc.string({ unit: "binary", maxLength: 1000 }).map((name) => file(`/${name}`)),
    fc.webUrl().map((url): LaunchItem => ({ kind: "url", url })),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), (items) => {
      const parts = launchParts(items);
      expect(parts.flatMap(itemsOfPart)).toEqual(items);
      for (const { launch } of parts) {
        expect(launch).toMatch(/^[ -~]*$/);
        expect(launch.length).toBeLessThan(28 * 1024);
      }
    }),
    { numRuns: 30 },
  );
});

it("the longest item of each kind is a part of its own that the message holds", () => {
  const longest = [file(`/${"\u0001".repeat(MAX_PATH_BYTES - 1)}`), file("/b")];
  const url = "https://example.org/";
  const longUrl: LaunchItem = { kind: "url", url: url + "é".repeat((MAX_URL_BYTES - url.length) / 2) };
  for (const item of [...longest, longUrl]) {
    const parts = launchParts([file("/a"), item, file("/c")]);
    expect(parts.flatMap(itemsOfPart)).toEqual([file("/a"), item, file("/c")]);
    expect(Math.max(...parts.map(({ launch }) => launch.length))).toBeLessThan(28 * 1024);
  }
});

it("a thousand files are several parts, an empty list is one", () => {
  const items = Array.from({ length: 1000 }, (_, index) => file(`/home/ada/Pictures/holiday ${index}.png`));
  const parts = launchParts(items);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.flatMap(itemsOfPart)).toEqual(items);
  expect(launchParts([])).toEqual([{ launch: "[]" }]);
});

it.each([
  [null],
  [{}],
  [{ launch: 3 }],
  [{ launch: "[" }],
  [{ launch: '[{"kind":"file","path":"relative"}]' }],
  [{ launch: '[{"kind":"file","path":"/a","more":1}]' }],
  [{ launch: '[{"kind":"program","path":"/a"}]' }],
])("what is not a part gives nothing: %j", (data) => {
  expect(itemsOfPart(data)).toEqual([]);
  expect(itemsOfJson(JSON.stringify(data))).toEqual([]);
});
