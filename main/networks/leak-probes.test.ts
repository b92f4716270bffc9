import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { findingsOf, leakProbes, type LeakProbe, probeWords, readResults, targetsWith } from "./leak-probes.ts";

const NOWHERE = { host: [], gateway: [], others: [], hostPort: null };
const isInternet = (address: string): boolean => !/^(10|172|192|169|127)\.|^fd/.test(address);

/** What a VM finds that reaches all of it; names are at `address`. */
function reached(probes: readonly LeakProbe[], address = "198.18.0.10") {
  return new Map(probes.map(({ id }) => [id, { isReached: true, addresses: [address] }]));
}

function leaks(probes: readonly LeakProbe[], decide: (to: string) => PolicyDecision, isFiltered = true): string[] {
  return findingsOf(probes, reached(probes), decide, isInternet, isFiltered)
    .filter(({ result }) => result === "leak")
    .map(({ to }) => to);
}

it("what is reached is a leak where the policy does not allow it", () => {
  const probes = leakProbes(targetsWith({ name: "bad.example" }), NOWHERE);
  const all = leaks(probes, () => "deny");
  expect(all).toEqual(
    expect.arrayContaining(["1.1.1.1:443", "[2606:4700:4700::1111]:443", "bad.example", "9.9.9.9:853", "10.0.0.1:80"]),
  );
  expect(leaks(probes, () => "ask")).toEqual(all);
  expect(leaks(probes, () => "allow")).toEqual([]);
  // A rule for the web's port does not mean QUIC.
  expect(leaks(probes, (to) => (to.endsWith("/udp") ? "deny" : "allow"))).toEqual(["9.9.9.9:53", "1.1.1.1:443"]);
});

it("what was tried and not reached holds, and of what was not tried nobody knows", () => {
  const probes = leakProbes(targetsWith({}), NOWHERE);
  const results = readResults("p0 tried\np1 tried\np1 refused 111\n");
  const findings = findingsOf(probes, results, () => "deny", isInternet, true);
  expect(findings.slice(0, 2).map(({ result }) => result)).toEqual(["held", "held"]);
  expect(new Set(findings.slice(2).map(({ result }) => result))).toEqual(new Set(["not-tried"]));
});

it("a name that leads to a private address is a leak, and one that leads to the internet none", () => {
  const probes = leakProbes(targetsWith({ privateName: "private.test" }), NOWHERE);
  const of = (address: string): unknown =>
    findingsOf(probes, reached(probes, address), () => "allow", isInternet, true).find(
      ({ to }) => to === "private.test",
    );
  expect(of("192.168.1.1")).toMatchObject({ result: "leak" });
  expect(of("198.18.0.10")).toMatchObject({ result: "held" });
});

it("this computer is tried at the port that is open, and is a leak whatever the policy says; another VM unless a rule opens a way", () => {
  const probes = leakProbes(targetsWith({}), {
    host: ["192.168.77.7", "fd00::7"],
    gateway: ["10.137.0.5"],
    others: [{ vm: "bank", address: "10.137.0.10" }],
    hostPort: 40_001,
  });
  const computer = ["192.168.77.7:40001", "[fd00::7]:40001", "10.137.0.5:40001"];
  expect(leaks(probes, () => "allow")).toEqual(computer);
  // Its address is no word of a rule.
  const all = leaks(probes, (to) => (to === "@vm:bank:22" ? "allow" : "deny"));
  for (const to of [...computer, "10.137.0.10:80"]) expect(all).toContain(to);
  expect(all).not.toContain("10.137.0.10:22");
});

it("of a VM that is not filtered only what is near can leak", () => {
  const probes = leakProbes(targetsWith({}), { ...NOWHERE, host: ["192.168.77.7"] });
  expect(new Set(leaks(probes, () => "deny", false).map((to) => to.replace(/\..*/, "")))).toEqual(
    new Set(["10", "172", "192", "169"]),
  );
});

it("the number of probes is bounded, whatever this machine has", () => {
  const many = Array.from({ length: 500 }, (_, at) => `192.168.1.${at}`);
  const others = many.map((address) => ({ vm: "x", address }));
  const probes = leakProbes(targetsWith({}), { ...NOWHERE, host: many, gateway: ["10.137.0.5", "fd00::1"], others });
  expect(probes.length).toBeLessThan(100);
});

it("takes the first word about each probe, and passes over what is none", () => {
  const said =
    "p0 tried\np0 refused 111\np0 reached\np1 reached 10.0.0.1,::1,1.2\np1 tried\np2 reached <b>\nnoise\np3 reached\r\np4 held\n";
  expect(Object.fromEntries(readResults(said))).toEqual({
    p0: { isReached: false, addresses: [] },
    p1: { isReached: true, addresses: ["10.0.0.1", "::1"] },
  });
});

it("no text of a guest makes it fail, or more findings than probes", () => {
  const probes = leakProbes(targetsWith({}), NOWHERE);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."p019 reachdfus.,:\n") })), (said) => {
      const findings = findingsOf(probes, readResults(said), () => "deny", isInternet, true);
      expect(findings).toHaveLength(probes.length);
    }),
  );
});

it("the script says nothing of what it could not begin to try", async () => {
  const everySecond = "my $forks; BEGIN { *CORE::GLOBAL::fork = sub { $forks++ % 2 ? undef : CORE::fork() } }\n";
  const probes = ["p0", "p1", "p2"].map((id) => [id, "tcp", "127.0.0.1", "1"]);
  const script = spawn("perl", ["-", ...probes.flat()], { stdio: ["pipe", "pipe", "inherit"] });
  script.stdin.end(everySecond + fs.readFileSync(path.join(import.meta.dirname, "leaks.pl"), "utf8"));
  const results = readResults(await text(script.stdout));
  expect([...results.keys()].toSorted()).toEqual(["p0", "p2"]);
});

it("the script tells what is reached from what is refused", async () => {
  const server = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const probe = (id: string, kind: LeakProbe["kind"], to: string, at: number): LeakProbe => {
    return { id, kind, to, port: at, title: "", leaksBy: "policy" };
  };
  const words = probeWords([
    probe("p0", "tcp", "127.0.0.1", port),
    probe("p1", "tcp", "127.0.0.1", 1),
    probe("p2", "name", "localhost", 0),
    probe("p3", "dns", "127.0.0.1", 1),
    probe("p4", "quic", "127.0.0.1", 1),
    probe("p5", "tcp", "no address", 1),
  ]);
  const script = spawn("perl", ["-", ...words], { stdio: ["pipe", "pipe", "inherit"] });
  script.stdin.end(fs.readFileSync(path.join(import.meta.dirname, "leaks.pl")));
  const said = await text(script.stdout);
  // What has no answer says no more.
  for (const id of ["p0", "p1", "p2", "p3", "p4"]) expect(said).toContain(`${id} tried\n`);
  const results = readResults(said);
  server.close();
  expect(
    [...results].toSorted(([one], [other]) => one.localeCompare(other)).map(([id, { isReached }]) => [id, isReached]),
  ).toEqual([
    ...[
      ["p0", true],
      ["p1", false],
      ["p2", true],
      ["p3", false],
      ["p4", false],
    ],
  ]);
  expect(results.get("p2")?.addresses.length).toBeGreaterThan(0);
});
