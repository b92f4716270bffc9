import { describe, expect, it } from "vitest";
import { isInternet, matchesDestination, parseDestination, parseDestinationPattern } from "./destination.ts";

function matches(pattern: string, destination: string): boolean {
  const parsed = parseDestinationPattern(pattern);
  const asked = parseDestination(destination);
  if (parsed === null || asked === null) throw new Error("not parsed");
  return matchesDestination(parsed, asked);
}

it.each([
  ["a.example", "a.example", true],
  ["a.example", "A.Example.:443", true],
  ["a.example:443", "a.example:443", true],
  ["a.example:443", "a.example:80", false],
  ["a.example:443", "a.example", false],
  ["a.example", "b.a.example", false],
  ["*.a.example", "b.a.example", true],
  ["*.a.example", "c.b.a.example:22", true],
  ["*.a.example", "a.example", false],
  ["*.a.example", "ba.example", false],
  ["192.0.2.7", "192.0.2.7:1", true],
  ["192.0.2.7", "192.0.2.8", false],
  ["10.0.0.0/8", "10.200.3.4", true],
  ["10.0.0.0/8:53", "10.1.1.1:53", true],
  ["10.0.0.0/8:53", "10.1.1.1:54", false],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["0.0.0.0/0", "8.8.8.8", true],
  ["0.0.0.0/0", "a.example", false],
  ["2001:db8::/32", "2001:db8::1", true],
  ["[2001:db8::1]:443", "[2001:db8::1]:443", true],
  ["[2001:db8::/32]:443", "[2001:db8::2]:443", true],
  ["2001:db8::1", "2001:db8:0::0:1", true],
  ["::/0", "192.0.2.1", false],
])("a rule for %s, a connection to %s: %s", (pattern, destination, expected) => {
  expect(matches(pattern, destination)).toBe(expected);
});

describe("takes no rule for", () => {
  it.each([
    "",
    "*",
    "*.",
    "a b",
    "a..b",
    "-a.example",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3/8",
    "::/129",
    "a.example:",
    "a.example:0",
    "a:65536",
    "http://a",
    "[a.example]x",
    "a/8",
    "@host",
    "*.*.example",
  ])("%j", (text) => expect(parseDestinationPattern(text)).toBeNull());
});

it.each([
  ["8.8.8.8", true],
  ["a.example", true],
  ["2a00:1450::1", true],
  ["10.0.0.1", false],
  ["100.64.0.1", false],
  ["127.0.0.1", false],
  ["169.254.169.254", false],
  ["172.31.0.1", false],
  ["192.168.1.1", false],
  ["224.0.0.1", false],
  ["255.255.255.255", false],
  ["::1", false],
  ["fd00::1", false],
  ["fe80::1", false],
  ["ff02::1", false],
  ["::ffff:10.0.0.1", false],
  ["::ffff:8.8.8.8", false],
])("%s is on the internet: %s", (text, expected) => {
  const destination = parseDestination(text);
  expect(destination !== null && isInternet(destination)).toBe(expected);
});
