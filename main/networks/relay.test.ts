import { expect, it } from "vitest";
import { gatewayEnd, guestEnd } from "./addresses.ts";
import { relayArguments } from "./relay.ts";
import { passtCommand } from "./uplink.ts";

const ends = { guest: guestEnd(1), gateway: gatewayEnd(1) };

it("a relay is told the two sockets, or the addresses of both ends and what speaks on the internet", () => {
  expect(relayArguments({ kind: "join", sockets: ["/a.sock", "/b.sock"] })).toEqual(["join", "/a.sock", "/b.sock"]);
  expect(relayArguments({ kind: "uplink", socket: "/a.sock", ends, command: ["passt", "--quiet"] })).toEqual([
    ...["uplink", "/a.sock", "10.137.0.6,10.137.0.5,fd00:137:1::2,fd00:137:1::1"],
    ...["--", "passt", "--quiet"],
  ]);
});

it("what speaks for a VM has its addresses, takes nothing from outside, and is no root", () => {
  const words = passtCommand(ends, [], false);
  expect(words[0]).toBe("passt");
  expect(words.join(" ")).toContain("--no-map-gw --tcp-ports none --udp-ports none");
  expect(words.join(" ")).toContain("--address 10.137.0.6 --netmask 30 --gateway 10.137.0.5");
  expect(words.join(" ")).toContain("--address fd00:137:1::2 --gateway fd00:137:1::1");
  expect(words.join(" ")).toContain("--dns-forward 10.137.0.5");
  expect(passtCommand(ends, [], true).join(" ")).toBe(
    `setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs -- ${words.join(" ")}`,
  );
});
