import { expect, it } from "vitest";
import { HostNetworks } from "./host-networks.ts";

const at = (cidr: string, internal = false) => ({ address: cidr.split("/")[0] ?? "", cidr, internal });

it("has the networks of all addresses but those of loopback and link, and of test internets that are there", () => {
  const networks = new HostNetworks(() => [
    at("192.168.1.5/24"),
    at("127.0.0.1/8", true),
    at("::1/128", true),
    at("fe80::1/64"),
    at("198.18.0.10/32", true),
    at("2001:2:0:113::10/128", true),
    at("198.19.7.5/24"),
    at("2001:2:0:7::5/64"),
    at("2a00:1450:0:1::5/64"),
    at("93.184.100.100/32", true),
    at("192.168.1.5/24"),
    { address: "8.8.8.8", cidr: null, internal: false },
  ]);
  expect(networks.cidrs).toEqual([
    ...["192.168.1.5/24", "198.19.7.5/24", "2001:2:0:7::5/64", "2a00:1450:0:1::5/64"],
    ...["8.8.8.8/32", "93.184.100.100/32"],
  ]);
  expect(["192.168.1.77", "2a00:1450:0:1::9", "8.8.8.8", "8.8.8.9", "2a00:1450:0:2::9"].map(networks.isNear)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

it("says once that an address has come, or gone", () => {
  let cidrs = ["10.0.0.2/8"];
  const networks = new HostNetworks(() => cidrs.map((cidr) => at(cidr)));
  let changes = 0;
  networks.on("changed", () => (changes += 1));
  networks.look();
  expect(changes).toBe(0);
  cidrs = ["10.0.0.2/8", "8.8.8.8/29"];
  networks.look();
  networks.look();
  expect([changes, networks.isNear("8.8.8.9")]).toEqual([1, true]);
  cidrs = ["10.0.0.2/8"];
  networks.look();
  expect([changes, networks.isNear("8.8.8.9")]).toEqual([2, false]);
});

it("reads the host's own", () => {
  expect(new HostNetworks().cidrs.every((cidr) => /^[0-9a-f.:]+\/\d+$/u.test(cidr))).toBe(true);
});
