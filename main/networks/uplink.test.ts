import { expect, it } from "vitest";
import { chosenUplink, type HostInterface, resolversByUplink } from "./uplink.ts";

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

it("this computer's own resolver is asked at the gateway, also where it is chosen, and every other one where it is", () => {
  const own = "# by hand\n nameserver\t198.18.0.53\nnameserver 9.9.9.9\noptions edns0\n";
  const asked = (chosen: string[], text: string) => resolversByUplink(chosen, "10.137.255.1", text);
  expect(asked(["9.9.9.9", "198.18.0.53", "2001:2::53"], own)).toEqual(["9.9.9.9", "10.137.255.1", "2001:2::53"]);
  expect(asked(["9.9.9.9"], "nameserver 2001:2::53\nnameserver 9.9.9.9\n")).toEqual(["10.137.255.1"]);
  for (const text of ["", "#nameserver 9.9.9.9\n", "nameserver 127.0.0.53\n"]) {
    expect(asked(["9.9.9.9"], text)).toEqual(["9.9.9.9"]);
  }
  expect(asked([], own)).toEqual([]);
});
