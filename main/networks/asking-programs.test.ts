import fc from "fast-check";
import { expect, it } from "vitest";
import { readAskingPrograms } from "./asking-programs.ts";

it("has the programs of each name, the newest last", () => {
  const text = "shop.example curl\nreef.example firefox-esr\nshop.example Web Content\nshop.example curl\n";
  expect([...readAskingPrograms(text)]).toEqual([
    ["shop.example", ["Web Content", "curl"]],
    ["reef.example", ["firefox-esr"]],
  ]);
});

it("passes over what is no line, and shows what is hidden in a program's name", () => {
  const long = "x".repeat(100);
  const text = `\nshop.example\nSHOP.example a\n a\nshop.example \u001b[1m\u202e\nreef.example ${long}\n`;
  expect([...readAskingPrograms(text)]).toEqual([
    ["shop.example", ["\\u{1b}[1m\\u{202e}"]],
    ["reef.example", [`${"x".repeat(40)}…`]],
  ]);
});

it("takes whatever a guest says", () => {
  const line = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string().map((program) => `a.example ${program}`),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      for (const [name, programs] of readAskingPrograms(lines.join("\n"))) {
        expect(name).toMatch(/^[a-z0-9_.-]{1,253}$/u);
        for (const program of programs) expect(program).toMatch(/^[^\p{C}]+$/u);
      }
    }),
  );
});
