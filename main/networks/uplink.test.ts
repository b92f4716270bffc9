import { expect, it } from "vitest";
import { chosenUplink, type HostInterface } from "./uplink.ts";

const up = (name: string, hasIpv4 = true, hasIpv6 = true): HostInterface => ({ name, hasIpv4, hasIpv6 });
const words = (name: string, ...interfaces: HostInterface[]): string =>
  chosenUplink(name, interfaces).options.join(" ");

it("where none is chosen it is the one of the default route", () => {
  expect(chosenUplink(" ", [up("eth0")])).toEqual({ options: [], problem: null });
});

it("what is chosen is bound to by both families, and a family that it has not got goes by no other", () => {
  expect(words(" wlan0 ", up("eth0"), up("wlan0"))).toBe("--outbound-if4 wlan0 --outbound-if6 wlan0");
  expect(words("eth0", up("eth0", true, false))).toBe("--outbound-if4 eth0 --ipv4-only");
  expect(words("eth0", up("eth0", false, true))).toBe("--ipv6-only --outbound-if6 eth0");
});

it("what is not up is replaced by nothing, and what is up is named", () => {
  for (const name of ["wlan1", "--help"])
    expect(chosenUplink(name, [up("eth0"), up("wlan0")]).problem).toContain("up are eth0, wlan0");
  expect(chosenUplink("eth0", []).problem).toContain("no interface is up");
});
