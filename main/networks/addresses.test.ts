import { isIPv4, isIPv6 } from "node:net";
import { expect, it } from "vitest";
import { NIC_ID_PATTERN } from "../hardware/driver.ts";
import { isOfLinks } from "../policy/destination.ts";
import { gatewayEnd, guestEnd, guestNetwork, LINK_INDICES, ownNic, twinNic, uplinkNic } from "./addresses.ts";

it("a VM's addresses follow from its number", () => {
  expect(guestNetwork(1)).toEqual({
    nic: { id: "nic", mac: "52:54:00:a7:00:01" },
    ipv4: { address: "10.137.0.6", prefix: 30, gateway: "10.137.0.5" },
    ipv6: { address: "fd00:137:1::2", prefix: 64, gateway: "fd00:137:1::1" },
  });
  expect(guestEnd(4_000)).toEqual({ ipv4: "10.137.62.130", ipv6: "fd00:137:fa0::2" });
  expect(twinNic(4_000)).toEqual({ id: "l4000", mac: "52:54:00:b7:0f:a0" });
  expect(uplinkNic(64)).toEqual({ id: "uplink", mac: "52:54:00:c7:00:40" });
});

it("no two links share an address, and each is well-formed", () => {
  const all: string[] = [];
  for (let index = LINK_INDICES.min; index <= LINK_INDICES.max; index += 1) {
    for (const end of [guestEnd(index), gatewayEnd(index)]) {
      if (!isIPv4(end.ipv4) || !isIPv6(end.ipv6)) expect(end).toBe("two addresses");
      all.push(end.ipv4, end.ipv6);
    }
    for (const { id, mac } of [ownNic(index), twinNic(index), uplinkNic(index)]) {
      if (!NIC_ID_PATTERN.test(id) || !/^52:54:00:[abc]7:[0-9a-f]{2}:[0-9a-f]{2}$/.test(mac)) expect(mac).toBe(id);
      all.push(mac);
    }
  }
  expect(new Set(all).size).toBe(all.length);
  // No rule opens a way to them.
  expect(all.filter((one) => !one.startsWith("52:") && !isOfLinks(one))).toEqual([]);
  expect(all).toHaveLength(7 * LINK_INDICES.max);
});
