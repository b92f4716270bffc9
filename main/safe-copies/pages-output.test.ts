/** What a guest prints about a copy is parsed; anything else is none of it. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { PagesOutput } from "./pages-output.ts";

const COPY = `copy 2 4096 ${Buffer.from("/home/user/a-safe.pdf").toString("hex")}\n`;

it("reads pages and the copy, in whichever parts they come", () => {
  const text = Buffer.from(`page 1 of 2\npage 2 of 2\n${COPY}`);
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (cuts) => {
      const output = new PagesOutput();
      const ends = [0, ...cuts.toSorted((one, other) => one - other), text.length];
      const lines = ends.slice(1).flatMap((end, at) => output.read(text.subarray(ends[at], end)) ?? [null]);
      expect(lines).toEqual([
        { kind: "page", page: 1, of: 2 },
        { kind: "page", page: 2, of: 2 },
        { kind: "copy", copy: { path: Buffer.from("/home/user/a-safe.pdf"), pages: 2, bytes: 4096 } },
      ]);
    }),
  );
});

it.each([
  "page 3 of 2\n",
  "page 0 of 2\n",
  "page 1 of 2\npage 1 of 2\n",
  "page 2 of 2\npage 1 of 2\n",
  "page 1 of 2001\n",
  "copy 0 10 2f61\n",
  "copy 1 999999999 2f61\n",
  "copy 1 10 61\n",
  "copy 1 10 2f6\n",
  "copy 1 10 2f00\n",
  `copy 1 10 2f${"61".repeat(5000)}\n`,
  "hello\n",
  "x".repeat(20_000),
])("%j is no output of it", (text) => {
  expect(new PagesOutput().read(Buffer.from(text))).toBeNull();
});

it("of any bytes nothing else comes", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (parts) => {
      const output = new PagesOutput();
      for (const part of parts)
        for (const line of output.read(part) ?? []) expect(["page", "copy"]).toContain(line.kind);
    }),
  );
});
