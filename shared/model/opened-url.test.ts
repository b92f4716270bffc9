import fc from "fast-check";
import { MAX_URL_BYTES } from "../protocol/limits.ts";
import { describe, expect, it } from "vitest";
import { tries } from "../testing/tries.ts";
import { looksLikeUrl, parseUrl } from "./opened-url.ts";

describe("what is opened, in one form", () => {
  it.each([
    ["http://example.org", "http://example.org/"],
    ["HTTPS://Example.ORG:443/A?b=1#c", "https://example.org/A?b=1#c"],
    ["https://bücher.example/ü?q=ä", "https://xn--bcher-kva.example/%C3%BC?q=%C3%A4"],
    ["https://example.org/a%20b%2Fc", "https://example.org/a%20b%2Fc"],
    ["https://example.org/$(id)`id`;&'", "https://example.org/$(id)%60id%60;&'"],
    ["http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"],
    [
      "mailto:anna@example.org?subject=a%20b&body=one%0D%0Atwo",
      "mailto:anna@example.org?subject=a%20b&body=one%0D%0Atwo",
    ],
    ["https://example.org/path@host", "https://example.org/path@host"],
    ["https://example.org?@", "https://example.org/?@"],
    ["https://example.org#@", "https://example.org/#@"],
    [
      "MAILTO:a@b.example?SUBJECT=x&In-Reply-To=y&cc=c&bcc=d&to=e",
      "mailto:a@b.example?SUBJECT=x&In-Reply-To=y&cc=c&bcc=d&to=e",
    ],
    ["mailto:a@b.example?body=one%0atwo", "mailto:a@b.example?body=one%0atwo"],
  ])("%s", (text, url) => {
    expect(parseUrl(text)).toMatchObject({ ok: true, value: { url } });
  });
});

describe("why a link is refused", () => {
  it.each([
    ["-https://example.org", 'it begins with "-"'],
    ["https://example.org/a b", "it has control characters, white space or invisible characters"],
    ["https://example.org/%00", "it has an encoded null character"],
    ["https://example.org\\@evil.example/", 'it has a "\\", which programs read differently'],
    ["example.org/a", 'it has no scheme such as "https:"'],
    ["1a:b", 'it has no scheme such as "https:"'],
    ["xhttps://example.org", '"xhttps:" is not opened: only http, https and mailto are'],
    ["Smb+X.y-1://a", '"smb+x.y-1:" is not opened: only http, https and mailto are'],
    ["https:///path", "it names no host"],
    ["https:?//a", "it names no host"],
    ["https:a?http://b", "it names no host"],
    ["https://user@example.org/", 'it has a user name or password before "@", which hides where it leads'],
    ["https://example.org:99999/", "it is no valid address"],
    ["mailto://user@example.org", 'it has "//" where a mail address belongs'],
    ["MailTo:///a@example.org", 'it has "//" where a mail address belongs'],
    ["mailto:a@example.org%0aBcc:b@example.org", "its address has an encoded line break"],
    ["mailto:a@example.org%0DBcc:b@example.org", "its address has an encoded line break"],
    ["mailto:a@example.org?attach=/etc/passwd", "it fills in a field that a link may not"],
    ["mailto:a@example.org?subject=x%0a", "one of its fields has a line break"],
    ["mailto:a@example.org?cc=x%0D", "one of its fields has a line break"],
    [`https://example.org/${"ü".repeat(2000)}`, `it is longer than ${MAX_URL_BYTES} bytes`],
    [`https://example.org/${"x".repeat(MAX_URL_BYTES)}`, `it is longer than ${MAX_URL_BYTES} bytes`],
  ])("%j: %s", (text, reason) => {
    expect(parseUrl(text)).toEqual({ ok: false, reason });
  });
});

describe("what is refused", () => {
  it.each([
    ["no scheme", "example.org/a"],
    ["an empty one", ""],
    ["a file of the machine", "file:///etc/passwd"],
    ["a script", "javascript:alert(1)"],
    ["data", "data:text/html,x"],
    ["another program's scheme", "smb://server/share"],
    ["a view of the source", "view-source:https://example.org"],
    ["a dash at its beginning", "-https://example.org"],
    ["a user's name", "https://user@example.org/"],
    ["a password", "https://user:pass@example.org/"],
    ["an empty user's name", "https://@example.org/"],
    ["a backslash", "https://example.org\\@evil.example/"],
    ["white space", "https://example.org/a b"],
    ["white space around it", " https://example.org/"],
    ["a line feed", "https://example.org/\nHost: x"],
    ["a null character", "https://example.org/\0"],
    ["an encoded null character", "https://example.org/%00"],
    ["a zero width space", "https://exam\u200bple.org/"],
    ["a bidi control", "https://example.org/\u202egpj.exe"],
    ["a no-break space", "https://example.org/\u00a0"],
    ["half of a character", "https://example.org/\ud800"],
    ["no host", "https:///path"],
    ["no slashes", "https:example.org"],
    ["no valid port", "https://example.org:99999/"],
    ["no valid host", "https://exa%mple/"],
    ["a file to attach to a mail", "mailto:a@example.org?attach=/etc/passwd"],
    ["the same in another case", "mailto:a@example.org?Attachment=/etc/passwd"],
    ["a header in a mail's subject", "mailto:a@example.org?subject=x%0d%0aBcc:%20b@example.org"],
    ["a header in a mail's address", "mailto:a@example.org%0ABcc:b@example.org"],
    ["too much", `https://example.org/${"a".repeat(8192)}`],
    ["too much once it is encoded", `https://example.org/${"ü".repeat(2000)}`],
  ])("%s", (_what, text) => {
    expect(parseUrl(text)).toMatchObject({ ok: false, reason: expect.any(String) as string });
  });
});

it.each([
  ["http://localhost:3000/", true],
  ["http://app.localhost/", true],
  ["http://127.0.0.1/", true],
  ["http://0x7f.1/", true],
  ["http://2130706433/", true],
  ["http://[::1]:80/", true],
  ["http://localhost.example.org/", false],
  ["http://127.0.0.1.example.org/", false],
  ["http://10.0.0.1/", false],
  ["http://localhost./", true],
  ["http://app.localhost./", true],
  ["http://127.1./", true],
  ["http://0.0.0.0:631/", true],
  ["http://0/", true],
  ["http://[::]/", true],
  ["http://[::ffff:127.0.0.1]/", true],
  ["http://[::ffff:127.255.1.0]/", true],
  ["http://[::ffff:0.0.0.0]/", true],
  ["http://[::ffff:10.0.0.1]/", false],
  ["http://[::ffff:126.0.0.1]/", false],
  ["http://[fe80::7f00:1]/", false],
  ["http://0.0.0.1/", false],
  ["http://localhost.a/", false],
  ["http://notlocalhost/", false],
  ["http://a127.0.0.1.example/", false],
  ["http://[::2]/", false],
  ["https://127.255.255.255/", true],
])("%s means the machine on which it is opened: %s", (text, isLocal) => {
  expect(parseUrl(text)).toMatchObject({ ok: true, value: { isLocal } });
});

it.each([
  ["https://example.org", true],
  ["file:///a%20b", true],
  ["smb:x", true],
  ["%C3%A7", false],
  ["12:30.txt", false],
  ["./a:b", false],
  ["/a:b", false],
  ["-rf", false],
  ["notes.txt", false],
])("a person who wrote %s means a link: %s", (text, isLink) => {
  expect(looksLikeUrl(text)).toBe(isLink);
});

const pieces = fc.constantFrom(
  "https://",
  "http:",
  "/",
  "mailto:",
  "//",
  "a",
  "@",
  ":",
  "\\",
  "%00",
  "%0a",
  "%2f",
  "?",
  "#",
  " ",
  "\n",
);
const hostile = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.array(fc.oneof(pieces, fc.string({ unit: "binary", maxLength: 4 }))).map((parts) => parts.join("")),
  fc.string({ unit: "binary" }).map((tail) => `https://example.org/${tail}`),
);

it("what is accepted is plain ASCII of three schemes, names no user, and stays what it is", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const parsed = parseUrl(text);
      if (!parsed.ok) return;
      const { url } = parsed.value;
      expect(url).toMatch(/^(?:https?:\/\/|mailto:)[!-~]*$/);
      expect(url).not.toMatch(/%00/);
      const { username, password } = new URL(url);
      expect([username, password]).toEqual(["", ""]);
      expect(parseUrl(url)).toEqual(parsed);
    }),
    tries(2_000),
  );
});

it("is as long as it may be in bytes, and leads to this machine by any of its addresses", () => {
  const long = (length: number): string => "https://a/".padEnd(length, "x");
  expect(parseUrl(long(MAX_URL_BYTES))).toMatchObject({ ok: true });
  expect(parseUrl(long(MAX_URL_BYTES + 1))).toMatchObject({ ok: false });
  // Its host in ASCII is short enough: what was written is not.
  expect(parseUrl(`https://${"ａ".repeat(40)}/${"x".repeat(MAX_URL_BYTES - 60)}`)).toMatchObject({ ok: false });
  expect(parseUrl("http://127.10.20.30/")).toMatchObject({ value: { isLocal: true } });
  expect(parseUrl("http://128.10.20.30/")).toMatchObject({ value: { isLocal: false } });
  expect(parseUrl("mailto:a@b.c")).toMatchObject({ value: { isLocal: false } });
});
