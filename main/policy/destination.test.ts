import { describe, expect, it } from "vitest";
import {
  addressesIn,
  isInternet,
  matchesDestination,
  parseDestination,
  parseDestinationPattern,
} from "./destination.ts";

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
  ["a.example:443", "a.example:443/udp", true],
  ["a.example:443/udp", "a.example:443/udp", true],
  ["a.example:443/udp", "a.example:443", false],
  ["a.example:443/tcp", "a.example:443", true],
  ["[2001:db8::/32]:53/udp", "[2001:db8::1]:53/udp", true],
  ["10.0.0.0/8:53/tcp", "10.0.0.1:53/udp", false],
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
    "a.example:443/icmp",
    "a.example/udp",
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
  // Test internets are made of these.
  ["198.17.255.255", true],
  ["198.18.0.1", true],
  ["198.19.255.255", true],
  ["198.20.0.1", true],
  ["2001:2::1", true],
  ["2001:2:0:ffff::1", true],
  ["2001:2:1::1", false],
  ["2001:1::1", false],
  // NAT64: behind it may be any private IPv4 address.
  ["64:ff9b::10.0.0.1", false],
  ["64:ff9b::808:808", false],
  ["64:ff9b:1::1", false],
  ["64:ff9c::1", true],
])("%s is on the internet: %s", (text, expected) => {
  const destination = parseDestination(text);
  expect(destination !== null && isInternet(destination, () => false)).toBe(expected);
});

it.each([
  ["8.8.8.8", false],
  ["8.8.9.8", true],
  ["2a00:1450:0:1::99", false],
  ["2a00:1450:0:2::99", true],
  // A range for tests is, but for a network there that this machine is in.
  ["198.18.0.1", false],
  ["198.18.1.1", true],
  ["2001:2::1", false],
  ["2001:2:0:1::1", true],
])("%s is on the internet of a machine in 8.8.8.0/24 and networks of ranges for tests: %s", (text, expected) => {
  const isNear = addressesIn(["8.8.8.7/24", "2a00:1450:0:1::1/64", "198.18.0.1/24", "2001:2::1/64"]);
  const destination = parseDestination(text);
  expect(destination !== null && isInternet(destination, isNear)).toBe(expected);
});
