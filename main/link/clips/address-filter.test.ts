import { describe, expect, it } from "vitest";
import { AddressFilter, MAX_ADDRESSES_BYTES, safeAddress } from "./address-filter.ts";
import type { Filtered } from "./filter.ts";

function filtered(...lists: string[]): Filtered {
  const filter = new AddressFilter();
  for (const list of lists) {
    const result = filter.push(Buffer.from(list));
    if (!result.ok) return result;
    expect(result.bytes).toHaveLength(0);
  }
  return filter.end();
}

const textOf = (result: Filtered): string => (result.ok ? Buffer.from(result.bytes).toString() : result.by);

describe("a list of addresses", () => {
  it("keeps those that a browser or a mail program opens, a line each", () => {
    const list = "# a comment\r\nhttps://a.example/x?y#z\r\nfile:///etc/passwd\r\nmailto:a@b.example\nhttp://b.example";
    expect(textOf(filtered(list))).toBe("https://a.example/x?y#z\r\nmailto:a@b.example\r\nhttp://b.example/\r\n");
  });

  it("comes whole before anything is looked at", () => {
    expect(textOf(filtered("htt", "ps://a.exa", "mple/\r\nhttps://b.example/"))).toBe(
      "https://a.example/\r\nhttps://b.example/\r\n",
    );
  });

  it.each(["", "file:///home/user/a", "# nothing", "\u00ff\u00fe"])("without any is no content: %j", (list) => {
    expect(filtered(list)).toEqual({ ok: false, by: "content" });
  });

  it("is bounded before and after, as escapes make it longer", () => {
    const address = "https://a.example/\r\n";
    const many = address.repeat(MAX_ADDRESSES_BYTES / address.length - 1);
    const last = `https://a.example/${"a".repeat(MAX_ADDRESSES_BYTES - many.length - address.length)}\r\n`;
    expect(textOf(filtered(many, last))).toBe(many + last);
    expect(filtered(many, last, "x")).toEqual({ ok: false, by: "size" });
    expect(filtered(`https://a.example/${"ü".repeat(MAX_ADDRESSES_BYTES / 2 - 20)}`)).toEqual({
      ok: false,
      by: "size",
    });
  });
});

describe("an address", () => {
  it.each([
    ["https://a.example", "https://a.example/"],
    ["HTTPS://A.example/ä", "https://a.example/%C3%A4"],
    ["https://bücher.example/", "https://xn--bcher-kva.example/"],
    ["mailto:a@b.example?subject=x", "mailto:a@b.example?subject=x"],
    ["https://a.example/a-", "https://a.example/a-"],
  ])("%s is given in its standard form", (address, expected) => {
    expect(safeAddress(address)).toBe(expected);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "ftp://a.example/",
    "https://user@a.example/",
    "https://user:secret@a.example/",
    "https://:secret@a.example/",
    "--renderer-cmd-prefix=x",
    "-https://a.example/",
    " https://a.example/",
    "https://a.example/a b",
    "https://a.exa\tmple/",
    "https://a.example/%00",
    "https://a.example/\u0000",
    "https://a.example/\u202e",
    "https:\\\\a.example\\",
    "https://",
    "a.example",
  ])("%j is refused", (address) => {
    expect(safeAddress(address)).toBeNull();
  });
});
