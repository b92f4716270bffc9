/** What the firewall's program says: a guest's words, each bounded. */
import { describe, expect, it } from "vitest";
import { alertData, flowCells, linkCells, scannerData } from "./firewall.ts";

const FLOW = {
  link: "link-1",
  name: "a.example",
  address: "192.0.2.1",
  port: 443,
  sourcePort: 50_000,
  protocol: "tcp",
  bytesOut: 0,
  bytesIn: 0,
  state: "open",
  verdict: "allow",
  rule: "r",
  revision: 0,
  reason: "",
  count: 1,
  ageS: 0,
};
const ALERT = {
  link: "link-1",
  name: null,
  address: null,
  port: null,
  direction: "in",
  signature: "s",
  severity: 0,
  action: "seen",
};
const SCANNER = { state: "ready", detail: "" };
const LINK = { bytesOut: 0, bytesIn: 0, packetsDenied: 0 };
const CASES = { flow: { schema: flowCells, sound: FLOW }, alert: { schema: alertData, sound: ALERT } };
const text = (length: number): string => "x".repeat(length);

describe.each([
  ["a flow", flowCells, FLOW],
  ["an alert", alertData, ALERT],
  ["the scanner's state", scannerData, SCANNER],
  ["a link", linkCells, LINK],
])("%s", (_what, schema, sound) => {
  it("is taken as it is said, with all of its fields and no other", () => {
    expect(schema.parse(sound)).toEqual(sound);
    expect(schema.safeParse({ ...sound, more: 1 }).success).toBe(false);
    for (const key of Object.keys(sound)) expect(schema.safeParse({ ...sound, [key]: undefined }).success).toBe(false);
  });
});

it.each([
  ["flow", "link", text(20), text(21)],
  ["flow", "name", text(253), text(254)],
  ["flow", "name", null, 1],
  ["flow", "address", text(45), text(46)],
  ["flow", "port", 65_535, 65_536],
  ["flow", "port", 0, -1],
  ["flow", "sourcePort", 65_535, 65_536],
  ["flow", "sourcePort", 0, -1],
  ["flow", "protocol", "other", "sctp"],
  ["flow", "bytesOut", 1e15, -1],
  ["flow", "bytesIn", 1e15, -1],
  ["flow", "state", "closed", "gone"],
  ["flow", "verdict", "ask", "maybe"],
  ["flow", "rule", text(64), text(65)],
  ["flow", "revision", 7, -1],
  ["flow", "revision", 7, 1.5],
  ["flow", "reason", text(200), text(201)],
  ["flow", "count", 2, 0],
  ["flow", "ageS", 1.5, -1],
  ["alert", "link", text(20), text(21)],
  ["alert", "name", text(253), text(254)],
  ["alert", "address", text(45), text(46)],
  ["alert", "port", 65_535, 65_536],
  ["alert", "port", 0, -1],
  ["alert", "direction", "out", "both"],
  ["alert", "signature", text(200), text(201)],
  ["alert", "severity", 255, 256],
  ["alert", "severity", 255, -1],
  ["alert", "action", "dropped", "let through"],
] as const)("the %s's %s has its bounds", (kind, key, most, more) => {
  const { schema, sound } = CASES[kind];
  expect(schema.safeParse({ ...sound, [key]: most }).success).toBe(true);
  expect(schema.safeParse({ ...sound, [key]: more }).success).toBe(false);
});

it("the scanner's words, and what a link counts, have theirs", () => {
  expect(scannerData.safeParse({ ...SCANNER, detail: text(512) }).success).toBe(true);
  expect(scannerData.safeParse({ ...SCANNER, detail: text(513) }).success).toBe(false);
  expect(scannerData.safeParse({ ...SCANNER, state: "fine" }).success).toBe(false);
  for (const key of Object.keys(LINK)) {
    expect(linkCells.safeParse({ ...LINK, [key]: 1e15 }).success).toBe(true);
    expect(linkCells.safeParse({ ...LINK, [key]: -1 }).success).toBe(false);
  }
});
