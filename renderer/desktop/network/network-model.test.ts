import { describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { destinationWord, groupsOf, otherWords, readFlowFilter, shownRows, targetsOf } from "./network-model.ts";
import { deniedFlow, shownFlow, vmStatus } from "./testing.ts";

const VMS = [
  vmStatus("firewall", { role: "service" }),
  vmStatus("home"),
  vmStatus("vault", { network: "none" }),
  vmStatus("web"),
];
const ALL = readFlowFilter("");
const names = (groups: ReturnType<typeof groupsOf>) => groups.map(({ vm }) => vm.name);

describe("groups", () => {
  it("are the VMs that talk, then those that could, then those without a network", () => {
    expect(names(groupsOf(VMS, [shownFlow("a")], [], ALL))).toEqual(["web", "home", "vault"]);
  });

  it("are those that have what is searched for alone", () => {
    const flows = [shownFlow("a"), deniedFlow("b", { vmId: "home" as VmId, vm: "home" })];
    const found = (words: string) => names(groupsOf(VMS, flows, [], readFlowFilter(words)));
    expect(found("verdict:denied")).toEqual(["home"]);
    expect(found("vm:we")).toEqual(["web"]);
    expect(found("GOOD 443")).toEqual(["web"]);
    expect(found("no rule")).toEqual(["home"]);
    expect(found("nothing")).toEqual([]);
  });

  it("have connections of one name by one rule as one row, most bytes first, and then what was refused", () => {
    const flows = [
      deniedFlow("a", { count: 3 }),
      shownFlow("b", { name: "small.example", bytesIn: 5 }),
      shownFlow("c", { rateIn: 10, bytesIn: 2_000 }),
      shownFlow("d", { rateOut: 5, endedMs: 1 }),
      shownFlow("e", { rule: { ...shownFlow("").rule, revision: 2 } }),
    ];
    const [group] = groupsOf(VMS, flows, [], ALL);
    expect(group?.rows.map(({ name, count, bytesIn, rate, isOpen }) => [name, count, bytesIn, rate, isOpen])).toEqual([
      ["good.example", 2, 3_000, 15, true],
      ["good.example", 1, 1_000, 0, true],
      ["small.example", 1, 5, 0, true],
      ["bad.example", 3, 0, 0, false],
    ]);
    expect([group?.flows, group?.names]).toEqual([5, 3]);
  });
});

it("what waits comes first of what no rule lets pass, then what was refused last, however early it was refused first", () => {
  const refused = (key: string, name: string, endedMs: number | null) => deniedFlow(key, { name, endedMs });
  const flows = [
    refused("a", "often.example", 1_000),
    shownFlow("b", { name: "waits.example", verdict: "ask" }),
    refused("c", "once.example", 8_000),
    refused("d", "long-ago.example", 500),
    refused("e", "often.example", 9_000),
    refused("f", "at-once.example", 8_000),
  ];
  const [group] = groupsOf(VMS, flows, [], ALL);
  expect(group?.rows.map(({ name }) => name)).toEqual([
    ...["waits.example", "often.example", "at-once.example", "once.example", "long-ago.example"],
  ]);
});

it("what was refused is never folded away", () => {
  const flows = Array.from({ length: 30 }, (_, at) => shownFlow(`a${at}`, { name: `n${at}.example` }));
  const [group] = groupsOf(VMS, [...flows, deniedFlow("x"), deniedFlow("y", { name: "worse.example" })], [], ALL);
  const { shown, folded } = shownRows(group?.rows ?? [], false);
  expect([folded, shown.slice(-2).map(({ name }) => name)]).toEqual([22, ["worse.example", "bad.example"]]);
  expect(shownRows(group?.rows ?? [], true)).toMatchObject({ folded: 0 });
});

it("how much is not listed is never folded away", () => {
  const flows = Array.from({ length: 30 }, (_, at) => shownFlow(`a${at}`, { name: `n${at}.example` }));
  const more = shownFlow("more", { name: null, address: null, port: null, bytesIn: 0, bytesOut: 0 });
  const { shown, folded } = shownRows(groupsOf(VMS, [...flows, more], [], ALL)[0]?.rows ?? [], false);
  expect([folded, shown.at(-1)]).toMatchObject([22, { name: null, address: null }]);
});

it("a search says which of its words mean nothing", () => {
  expect(readFlowFilter("verdict:maybe vm: verdict: a")).toEqual({
    words: ["a"],
    vm: null,
    verdict: null,
    unknown: ["verdict:maybe"],
  });
});

it.each([
  [["a.example", null, 443], "a.example:443"],
  [["a.example", "198.18.0.1", null], "a.example"],
  [[null, "198.18.0.1", 22], "198.18.0.1:22"],
  [[null, "2001:2::1", 22], "[2001:2::1]:22"],
  [[null, "2001:2::1", null], "2001:2::1"],
] as const)("%j is %s in a rule", ([name, address, port], word) => {
  expect(destinationWord({ name, address, port })).toBe(word);
});

it("UDP has its protocol in a rule, and a look-up none", () => {
  const place = { name: "a.example", address: null };
  expect(destinationWord({ ...place, port: 443, protocol: "udp" })).toBe("a.example:443/udp");
  expect(destinationWord({ ...place, port: 443, protocol: "tcp" })).toBe("a.example:443");
  expect(destinationWord({ ...place, port: null, protocol: "dns" })).toBe("a.example");
});

it.each([
  [
    ["a.b.shop.example", null, "shop.example"],
    ["a.b.shop.example", "*.b.shop.example", "*.shop.example"],
  ],
  [
    ["a.shop.example", null, "shop.example"],
    ["a.shop.example", "*.shop.example"],
  ],
  [
    ["shop.example", null, "shop.example"],
    ["shop.example", "*.shop.example"],
  ],
  [["router", null, null], ["router"]],
  [[null, "198.18.0.1", null], ["198.18.0.1"]],
] as const)("a rule of %j can be for %j", ([name, address, domain], targets) => {
  expect(targetsOf({ name, address, toVm: null }, domain)).toEqual(targets);
});

it("what goes to another VM is said, searched and ruled by its name", () => {
  const [row] = groupsOf(
    [vmStatus("web")],
    [shownFlow("a", { name: null, address: "10.137.0.10", toVm: "printer", port: 631 })],
    [],
    readFlowFilter("printer"),
  ).flatMap(({ rows }) => rows);
  expect(row).toMatchObject({ toVm: "printer", port: 631 });
  if (row === undefined) return;
  expect([otherWords(row), destinationWord(row), targetsOf(row, null)]).toEqual([
    "VM printer",
    "@vm:printer:631",
    ["@vm:printer"],
  ]);
  expect(destinationWord({ ...row, protocol: "udp" })).toBe("@vm:printer:631/udp");
});

it.each(["@vm:bank", "@internet", "@any", "*.example", "10.0.0.0/8", "10.0.0.1", "fd00::1", "a b", ""])(
  "no rule is made of a look-up of %s, which is another word of a rule, or none",
  (name) => {
    expect(targetsOf({ name, address: null, toVm: null }, null)).toEqual([]);
  },
);
