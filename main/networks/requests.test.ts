import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { networkContract } from "#shared/ipc/network.ts";
import type { FlowCells } from "#shared/model/firewall.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Application } from "../application.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import type { VmParty } from "../policy/crossing.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { Policy } from "../policy/policy.ts";
import { PolicyChanges } from "../policy/policy-changes.ts";
import type { Vm } from "../vms/vm.ts";
import { sendNetworkEvents } from "./events.ts";
import { HostNetworks } from "./host-networks.ts";
import { Network } from "./network.ts";
import { networkHandlers } from "./requests.ts";
import { ScanRules } from "./scan-rules.ts";
import { filteredLink, ScriptedProgram } from "./testing/scripted-firewall.ts";

const WEB_ID = "11111111-0000-4000-8000-000000000000" as VmId;
const WEB: VmParty = { kind: "vm", id: WEB_ID, name: "web", label: "coral", role: "app", template: "debian" };

const PRINTER_ID = "22222222-0000-4000-8000-000000000000" as VmId;
const PRINTER: VmParty = { ...WEB, id: PRINTER_ID, name: "printer" };
const PRINTER_ADDRESS = "10.137.0.10";

let folder: string;
let policy: Policy;
let network: Network;
let program: ScriptedProgram;
let dispatcher: Dispatcher;
let page: CheckedPage;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-network-"));
  fs.writeFileSync(
    path.join(folder, "policy.yaml"),
    'rules:\n  - {action: net.connect, from: web, to: "@internet", decision: allow}\n',
  );
  policy = new Policy({ configFolder: folder, stateFolder: folder, vms: () => [WEB, PRINTER] });
  await policy.open();
  const policyChanges = new PolicyChanges(policy);
  program = new ScriptedProgram();
  network = new Network({
    firewall: () => program,
    policy,
    policyChanges,
    audit: new AuditLog({ stateFolder: folder }),
    vms: () => [WEB, PRINTER],
    vmAt: (address) => (address === PRINTER_ADDRESS ? PRINTER_ID : null),
    hostNetworks: new HostNetworks(() => []),
    stateFolder: folder,
    scanRules: new ScanRules(folder),
  });
  page = new CheckedPage();
  sendNetworkEvents({ network, page });
  const vms = [WEB, PRINTER].map(({ id, name, label, role, template }) => {
    const status = { id, name, label, role, template };
    return { id, definition: { name }, state: "stopped", status } as unknown as Vm;
  });
  const application = { vm: () => vms[0], vms } as unknown as Application;
  const linkIndices = {
    find: (id: VmId) => (id === PRINTER_ID ? 2 : 1),
    vmAt: (address: string) => (address === PRINTER_ADDRESS ? PRINTER_ID : null),
  };
  const hostNetworks = new HostNetworks(() => []);
  const handlers = {
    network: networkHandlers({ application, linkIndices, hostNetworks, network, policy, policyChanges }),
  };
  dispatcher = Dispatcher.of({ network: networkContract }, handlers, { checksOutputs: true });
  await network.filter.start();
  network.filter.setLinks([filteredLink(1, WEB_ID)], null);
  program.connect();
  program.applies();
});

afterEach(async () => {
  await network.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const ask = (name: string, input: object = {}): Promise<unknown> => called(dispatcher, PAGE_CALLER, name, input);
const command = (name: string, input: object = {}): Promise<unknown> => called(dispatcher, cliCaller(), name, input);

function row(key: string, more: Partial<FlowCells> = {}): void {
  const id = program.last?.links[0]?.rules.rules[0]?.id ?? "";
  const cells: FlowCells = {
    ...{ link: "link-1", name: "good.example", address: "198.18.0.1", port: 443, sourcePort: 40_000, protocol: "tcp" },
    ...{
      bytesOut: 1,
      bytesIn: 2,
      state: "open",
      verdict: "allow",
      rule: id,
      revision: 1,
      reason: "",
      count: 1,
      ageS: 0,
    },
    ...more,
  };
  program.says({ type: "rows", table: "flows", reset: false, rows: [{ key, cells }], removed: [] });
}

it("flows have the line of the policy that decided", async () => {
  row("a");
  row("b", { name: "bad.example", verdict: "deny", rule: "builtin:default-deny", state: "closed" });
  expect(await command("network.flows")).toMatchObject([
    { vm: "web", name: "good.example", verdict: "allow", rule: { revision: 1, line: 2 } },
    { vm: "web", name: "bad.example", verdict: "deny", rule: { id: "builtin:default-deny", line: null } },
  ]);
});

it("who follows hears of what begins, is refused again and ends, and not of bytes", async () => {
  const heard: unknown[] = [];
  let hangUp = (): void => undefined;
  const connection = {
    notify: (_name: string, payload: unknown) =>
      void heard.push(networkContract.events["network.flow"].payload.parse(payload)),
    onClose: (listener: () => void) => void (hangUp = listener),
  };
  await called(dispatcher, cliCaller(connection), "network.follow", {});
  row("a");
  row("a", { bytesIn: 9_000 });
  row("a", { state: "closed" });
  row("b", { verdict: "deny", state: "closed" });
  row("b", { verdict: "deny", state: "closed", count: 2 });
  hangUp();
  row("c");
  expect(heard).toMatchObject([{ state: "open" }, { state: "closed" }, { verdict: "deny" }, { verdict: "deny" }]);
});

it("a connection is explained, and not tried in a VM that does not run", async () => {
  expect(await command("network.test", { vm: "web", to: "good.example:443" })).toMatchObject({
    decision: "allow",
    rule: { line: 2 },
    explanation: expect.stringContaining("web") as string,
    reached: null,
  });
  expect(await command("network.test", { vm: "web", to: "10.0.0.1" })).toMatchObject({ decision: "deny", rule: null });
  await expect(command("network.test", { vm: "web", to: "http://a" })).rejects.toMatchObject({
    code: "usage.bad-argument",
  });
});

it("a connection to another VM is explained by its name and by its address, and where that VM has no link", async () => {
  const way = '  - {action: net.connect, from: web, to: "@vm:printer:631", decision: allow}\n';
  await policy.replace(await policy.text(), `rules:\n${way}`);
  for (const to of ["@vm:printer:631", "printer.vm.internal:631", "10.137.0.10:631"])
    expect(await command("network.test", { vm: "web", to })).toMatchObject({
      ...{ decision: "allow", rule: { line: 2 }, reached: null },
      explanation:
        "Line 2 of policy.yaml allows net.connect from web to @vm:printer:631. printer has no link with the firewall now: nothing reaches it.",
    });
  network.filter.setLinks([filteredLink(1, WEB_ID), filteredLink(2, PRINTER_ID)], null);
  expect(await command("network.test", { vm: "web", to: "@vm:printer:631" })).toMatchObject({
    explanation: "Line 2 of policy.yaml allows net.connect from web to @vm:printer:631.",
  });
  for (const to of ["@vm:printer:80", "10.137.0.10", "10.137.0.14:631"])
    expect(await command("network.test", { vm: "web", to })).toMatchObject({ decision: "deny", rule: null });
  await expect(command("network.test", { vm: "web", to: "@vm:none:1" })).rejects.toMatchObject({
    code: "vm.not-found",
  });
});

it("a rule that opens a way to another VM is made of what was refused, and of one that is open to end it", async () => {
  const at = { name: null, address: PRINTER_ADDRESS, port: 631 };
  row("refused", { ...at, state: "closed", verdict: "deny", rule: "builtin:other-vm" });
  row("other", { ...at, address: "10.137.0.14", state: "closed", verdict: "deny", rule: "builtin:other-vm" });
  expect(await command("network.flows")).toMatchObject([{ toVm: "printer" }, { toVm: null }]);
  const word = "@vm:printer:631";
  const proposed = { vm: "web", to: word, about: word, decision: "allow", minutes: null };
  expect(await ask("network.tryRule", proposed)).toMatchObject({
    flips: [{ flow: { toVm: "printer", address: PRINTER_ADDRESS }, now: "allow" }],
    flipCount: 1,
  });
  expect(await ask("network.tryRule", { ...proposed, to: "@internet" })).toMatchObject({ flipCount: 0 });
  await ask("network.makeRule", proposed);
  expect(policy.check("net.connect", "web", word, null).decision).toBe("allow");
  row("open", at);
  expect(await ask("network.tryRule", { ...proposed, decision: "deny" })).toMatchObject({ ends: 1 });
});

it("a rule that is made of a flow comes before the one that decided, says what it changes first, and cuts nothing else", async () => {
  row("open");
  row("past", { state: "closed" });
  row("other", { name: "other.example", state: "closed" });
  // No rule would have changed this.
  row("wrong", { state: "closed", verdict: "deny", rule: "builtin:name-mismatch" });
  const proposed = { vm: "web", to: "*.example:443", about: "good.example:443", decision: "deny", minutes: null };
  const tried = await ask("network.tryRule", proposed);
  expect(tried).toMatchObject({ rule: { line: 2 }, flipCount: 2, flowCount: 3, ends: 1 });
  expect(await ask("network.tryRule", { ...proposed, to: "good.example:443" })).toMatchObject({
    flips: [{ flow: { name: "good.example" }, now: "deny" }],
    flipCount: 1,
  });
  expect(policy.rules.length).toBe(1);
  expect(await ask("network.makeRule", proposed)).toMatchObject({ rule: { line: 2 } });
  expect(policy.check("net.connect", "web", "good.example:443", null).decision).toBe("deny");
  expect(policy.check("net.connect", "web", "good.example:80", null).decision).toBe("allow");
  await expect(ask("network.makeRule", { ...proposed, to: "*" })).rejects.toMatchObject({ code: "usage.bad-argument" });
});

it("the page has all when it begins to watch, and then what changes", async () => {
  row("a");
  expect(await ask("network.watch", { isWatched: true })).toMatchObject({
    filter: { state: "ready", revision: 1, detail: "" },
    flows: [{ key: "1/a", vmId: WEB_ID, count: 1, endedMs: null }],
  });
  row("b");
  await expect
    .poll(() => page.events.map(({ payload }) => payload))
    .toMatchObject([{ flows: [{ key: "1/a" }, { key: "1/b" }], gone: [] }]);
  row("a", { bytesIn: 20 });
  row("a", { bytesIn: 30, bytesOut: 3 });
  row("b", { bytesIn: 7 });
  row("b", { bytesIn: 8, state: "closed" });
  await expect
    .poll(() => page.events.slice(1).map(({ payload }) => payload))
    .toMatchObject([
      {
        flows: [{ key: "1/b", bytesIn: 8, state: "closed" }],
        moved: { keys: ["1/a"], numbers: { length: 4, 0: 3, 1: 30 } },
      },
    ]);
  expect(await ask("network.history", { days: 1, words: ["WEB"], verdict: null })).toMatchObject({
    flows: [{ name: "good.example", bytesIn: 8 }],
    total: 1,
  });
});

it("a firewall that has gone is said to be down, and alerts of the scanner are kept", async () => {
  const data = { link: "link-1", name: null, address: "198.18.0.1", port: 80, direction: "in" };
  program.says({
    type: "event",
    name: "alert",
    data: { ...data, signature: "a\u202eb", severity: 1, action: "dropped" },
  });
  program.says({ type: "event", name: "alert", data: { ...data, signature: 1 } });
  program.says({ type: "event", name: "other", data: {} });
  expect(await command("network.alerts", { sinceS: 60 })).toMatchObject([{ vm: "web", signature: "a\\u{202e}b" }]);
  program.disconnect();
  expect(await ask("network.watch", { isWatched: false })).toMatchObject({ filter: { state: "down", sinceMs: null } });
});
