/**
 * Two VMs behind the firewall: one reaches a server in the other by a rule that names it, at that port and in that direction alone,
 * and not before. What runs by the rule ends with it.
 */
import { expect, test } from "@playwright/test";
import type { AlertView, FlowView, LeakFinding } from "#shared/model/network.ts";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
import { tellOfFirewall } from "./support/firewall-evidence.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";

/** The firewall's VM boots, where it is emulated too. */
const COMES_UP = { timeout: 240_000 };
/** What `curl` says: nobody is there, it hung, its connection was reset. */
const [REFUSED, HANGS, RESET] = [7, 28, 56];

/** Answers at these ports, and keeps connections open that ask for /wait. */
const SERVER = `use strict; use IO::Socket::INET; use IO::Select; $SIG{PIPE} = "IGNORE";
my @servers = map { IO::Socket::INET->new(LocalPort => $_, Listen => 9, ReuseAddr => 1) or die "$_: $!" } @ARGV;
my ($select, @kept) = IO::Select->new(@servers);
$| = 1;
print "ready\n";
while (1) {
  for my $server ($select->can_read) {
    my $client = $server->accept or next;
    my $asked = <$client> // "";
    print $client "HTTP/1.0 200 OK\\r\\n\\r\\nhello from the printer\\n";
    print $client "x" x 600000 if $asked =~ m{/big};
    $client->flush;
    if ($asked =~ m{/wait}) { push @kept, $client } else { close $client }
  }
}`;

let desktop: TestDesktop;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  desktop = await TestDesktop.open({ desk: "coral", printer: "lagoon" }, (home) => {
    for (const vm of ["desk", "printer"]) changeDefinition(home, vm, { network: "firewall" });
    writeRules(home);
  });
  for (const vm of ["desk", "printer"]) await serve(vm);
  // What the resolver refuses it has understood.
  await expect.poll(async () => (await get("desk", "printer.vm.internal:8631")).code, COMES_UP).toBe(6);
  await expect.poll(async () => (await lastRefused())?.name, COMES_UP).toBe("printer.vm.internal");
});

test.afterEach(() => tellOfFirewall(desktop, null, test.info()));

test.afterAll(() => desktop.close());

function writeRules(home: string, ...targets: string[]): void {
  const rule = (to: string) => ({ action: "net.connect", from: "desk", to, decision: "allow" as const });
  writePolicy(home, targets.map(rule));
}

async function serve(vm: string): Promise<void> {
  await desktop.isRunning(vm);
  // Its first word is that it listens, or why it does not.
  const begin =
    'setsid perl -e "$0" "$@" >/tmp/server 2>&1 </dev/null & until [ -s /tmp/server ]; do sleep 0.1; done; cat /tmp/server';
  const begun = await desktop.atoll("exec", vm, "--", "sh", "-c", begin, SERVER, "8631", "8632");
  expect(begun).toEqual({ code: 0, stdout: "ready\n", stderr: "" });
}

function get(vm: string, where: string, path = ""): Promise<CommandResult> {
  const curl = ["curl", "-4", "--silent", "--show-error", "--no-buffer", "--connect-timeout", "15", "--max-time", "60"];
  return desktop.atoll("exec", vm, "--", ...curl, `http://${where}/${path}`);
}

async function addressOf(vm: string): Promise<string> {
  const { stdout } = await desktop.atoll("exec", vm, "--", "hostname", "-I");
  const [address = ""] = /10\.137\.\d+\.\d+/.exec(stdout) ?? [];
  return address;
}

function flows(): Promise<FlowView[]> {
  return desktop.json<FlowView[]>("network", "flows");
}

async function lastRefused(): Promise<FlowView | undefined> {
  return (await flows()).findLast(({ verdict }) => verdict === "deny");
}

async function leaks(): Promise<string[]> {
  // Of test internets, where nobody is.
  const targets = ["--ipv4", "198.18.0.11", "--ipv6", "2001:2:0:113::11", "--resolver", "198.18.0.53"];
  const names = ["--name", "bad.example", "--private-name", "private.test"];
  const findings = await desktop.json<LeakFinding[]>("network", "check", "desk", ...targets, ...names);
  return findings.filter(({ title }) => title === "The VM printer").map(({ to, result }) => `${to} ${result}`);
}

const tested = (to: string): Promise<object> => desktop.json<object>("network", "test", "desk", to);

test("a VM reaches another one by a rule that names it, and by nothing else; what runs by it ends with it", async () => {
  test.slow();
  const [desk, printer] = [await addressOf("desk"), await addressOf("printer")];
  // Before there is a rule, whatever else is allowed.
  writeRules(desktop.home, "@any", "@internet", "10.0.0.0/8", `${printer}:8631`);
  await expect.poll(() => tested("10.1.2.3:8631")).toMatchObject({ decision: "allow" });
  for (const where of [`${printer}:8631`, `${printer}:8632`]) expect((await get("desk", where)).code).toBe(REFUSED);
  // The firewall tells of them a moment later.
  await expect.poll(lastRefused).toMatchObject({
    vm: "desk",
    toVm: "printer",
    rule: { id: "builtin:other-vm", line: null },
  });
  expect(await tested("@vm:printer:8631")).toMatchObject({ decision: "deny", rule: null, reached: false });
  expect(await leaks()).toEqual([`${printer}:22 held`, `${printer}:80 held`]);

  writeRules(desktop.home, "@vm:printer:8631");
  await expect
    .poll(async () => (await get("desk", "printer.vm.internal:8631")).stdout)
    .toContain("hello from the printer");
  expect((await get("desk", `${printer}:8631`)).stdout).toContain("hello from the printer");
  for (const [vm, where] of [
    ["desk", `${printer}:8632`],
    ["printer", `${desk}:8631`],
    ["printer", `${desk}:8632`],
  ] as const)
    expect(await get(vm, where), where).toMatchObject({ code: REFUSED });
  expect((await get("printer", "desk.vm.internal:8631")).code).not.toBe(0);
  expect(await tested("@vm:printer:8631")).toMatchObject({ decision: "allow", reached: true, rule: { line: 6 } });
  await expect
    .poll(async () => (await flows()).findLast(({ verdict }) => verdict === "allow"))
    .toMatchObject({
      ...{ vm: "desk", name: null, address: printer, toVm: "printer", port: 8631, protocol: "tcp" },
      rule: { line: expect.any(Number), text: expect.stringContaining("to: @vm:printer:8631") },
    });
  const open = async (): Promise<FlowView | undefined> =>
    (await flows()).findLast(
      ({ toVm, state, verdict }) => toVm === "printer" && state === "open" && verdict === "allow",
    );

  const waits = get("desk", "printer.vm.internal:8631", "wait");
  await expect.poll(open).toBeDefined();
  writeRules(desktop.home, "@vm:printer:8632");
  const ended = await waits;
  expect([ended.code, ended.stdout]).toEqual([RESET, expect.stringContaining("hello from the printer")]);
  await expect.poll(open).toBeUndefined();
  expect((await get("desk", `${printer}:8631`)).code).toBe(REFUSED);
  expect((await get("desk", `${printer}:8632`)).code).toBe(0);
});

test("between two VMs that are both scanned all passes but what a rule of the scanner drops", async () => {
  test.slow();
  writeRules(desktop.home, "@vm:printer:8631");
  await desktop.json("service", "settings", "firewall", "scan=desk,printer");
  const where = "printer.vm.internal:8631";
  await expect.poll(async () => (await get("desk", where, "big")).stdout.length, COMES_UP).toBeGreaterThan(500_000);
  const dropped = await get("desk", where, "ATOLL-SCANNER-TEST-SIGNATURE");
  expect([dropped.code, dropped.stdout]).toEqual([RESET, ""]);
  await expect
    .poll(() => desktop.json<AlertView[]>("network", "alerts"))
    .toContainEqual(expect.objectContaining({ vm: "desk", direction: "out", port: 8631, action: "dropped" }));
  await desktop.json("service", "settings", "firewall", "scan=");
  await expect.poll(async () => (await get("desk", where)).code).toBe(0);
});

test("a VM that is gone is refused at once", async () => {
  const printer = await addressOf("printer");
  await desktop.json("vm", "kill", "printer", "--wait");
  await expect.poll(async () => (await get("desk", `${printer}:8631`)).code).toBe(REFUSED);
  expect((await get("desk", "printer.vm.internal:8631")).code).not.toBe(HANGS);
});
