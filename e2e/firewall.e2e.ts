/**
 * A VM behind the firewall, on a test internet: what a rule allows is reached by name, what none allows is refused at once, and
 * both are in the list with the line that decided. Nothing is reached while the firewall is gone, and all comes back by itself.
 */
import fs from "node:fs";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import type { FlowView, LeakFinding } from "#shared/model/network.ts";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
import { tellOfFirewall } from "./support/firewall-evidence.ts";
import { GuestTraffic } from "./support/guest-traffic.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";
import { TestInternet } from "./support/test-internet.ts";

test.skip(process.getuid?.() !== 0, "the test internet is made by root");

/** The firewall's VM boots, where it is emulated too. */
const COMES_UP = { timeout: 240_000 };
/** A VM that runs is joined. */
const CONNECTS = { timeout: 180_000 };
/** `curl` waits so long for a connection: what it says then is that it hung. */
const HANGS = 28;

let internet: TestInternet;
let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  internet = await TestInternet.open();
  desktop = await TestDesktop.open({ web: "coral" }, prepare, internet);
  page = await desktop.page();
  await expect.poll(async () => (await get("good.example")).stdout, COMES_UP).toContain("hello from");
});

test.afterEach(() => tellOfFirewall(desktop, null, test.info()));

test.afterAll(async () => {
  await desktop.close();
  await internet.close();
});

function prepare(home: string): void {
  changeDefinition(home, "web", { network: "firewall" });
  writeRules(home, ["good.example", "allow"]);
}

function writeRules(home: string, ...rules: (readonly [to: string, decision: "allow" | "deny"])[]): void {
  writePolicy(
    home,
    rules.map(([to, decision]) => ({ action: "net.connect", from: "web", to, decision })),
  );
}

function get(host: string, ...words: string[]): Promise<CommandResult> {
  return getFrom("web", host, ...words);
}

function getFrom(vm: string, host: string, ...words: string[]): Promise<CommandResult> {
  const curl = ["curl", "--silent", "--show-error", "--connect-timeout", "15", "--max-time", "30"];
  return desktop.atoll("exec", vm, "--", ...curl, ...words, `http://${host}/`);
}

function flows(): Promise<FlowView[]> {
  return desktop.json<FlowView[]>("network", "flows");
}

async function flowTo(name: string): Promise<FlowView | undefined> {
  return (await flows()).findLast((flow) => flow.name === name);
}

test("a name that a rule allows is reached by both families, and is in the list with its line", async () => {
  for (const family of ["-4", "-6"]) {
    const reached = await get("good.example", family);
    expect([reached.code, reached.stdout]).toEqual([0, expect.stringContaining("for good.example")]);
  }
  await expect
    .poll(() => flowTo("good.example"))
    .toMatchObject({
      vm: "web",
      port: 80,
      protocol: "tcp",
      verdict: "allow",
      rule: { text: expect.stringContaining("to: good.example"), line: expect.any(Number) },
    });
});

test("a name that no rule allows is refused at once, and so is an address", async () => {
  for (const host of ["bad.example", "198.18.0.11", "198.18.0.10", "93.184.216.7", "192.168.77.7"]) {
    const refused = await get(host);
    expect(refused.code, `${host}: ${refused.stdout}`).not.toBe(0);
    expect(refused.code, host).not.toBe(HANGS);
  }
  await expect
    .poll(() => flowTo("bad.example"))
    .toMatchObject({
      ...{ vm: "web", address: null, port: null, protocol: "dns", verdict: "deny" },
      rule: { id: "builtin:default-deny", line: null },
    });
});

test("no refused packet is missing in the list, also of more than the kernel tells one by one", async () => {
  const many = `use Socket; my $to = pack_sockaddr_in(5000, inet_aton("198.18.0.11"));
    socket(my $socket, AF_INET, SOCK_DGRAM, 0); send($socket, "x", 0, $to) for 1 .. 1000;`;
  expect(await desktop.atoll("exec", "web", "--", "perl", "-e", many)).toMatchObject({ code: 0 });
  const counts = async (): Promise<{ listed: number; kernel: number }> => {
    const answer = await page.evaluate(() => window.atoll.request("network.watch", { isWatched: false }));
    if (!answer.ok) throw new Error(answer.error.message);
    // What is said without a name to an allowed name's address passes the kernel: its first flight is refused.
    const refused = answer.value.flows.filter(
      ({ verdict, protocol, address }) => verdict !== "allow" && protocol !== "dns" && address !== "198.18.0.10",
    );
    const listed = refused.reduce((sum, { count }) => sum + count, 0);
    return { listed, kernel: answer.value.traffic[0]?.packetsDenied ?? 0 };
  };
  await expect.poll(async () => (await counts()).kernel).toBeGreaterThan(1000);
  await expect
    .poll(async () => {
      const { listed, kernel } = await counts();
      return listed - kernel;
    })
    .toBe(0);
});

test("a connection is explained and tried from the VM, one that is denied too", async () => {
  const tried = (to: string): Promise<object> => desktop.json<object>("network", "test", "web", to);
  expect(await tried("good.example:80")).toMatchObject({ decision: "allow", reached: true });
  expect(await tried("bad.example:80")).toMatchObject({ decision: "deny", rule: null, reached: false });
});

test("nothing leaks out of the VM, whatever a program in it tries", async () => {
  const targets = ["--ipv4", "198.18.0.11", "--ipv6", "2001:2:0:113::11", "--resolver", "198.18.0.53"];
  const names = ["--name", "bad.example", "--private-name", "private.test"];
  const findings = await desktop.json<LeakFinding[]>("network", "check", "web", ...targets, ...names);
  expect(findings.filter(({ result }) => result !== "held")).toEqual([]);
  const tried = findings.map(({ to }) => to.replace(/:\d{4,5}$/, ""));
  expect(tried).toEqual(
    expect.arrayContaining([
      ...["198.18.0.11:443", "[2001:2:0:113::11]:443", "bad.example", "private.test"],
      ...["198.18.0.53:53", "198.18.0.53:853", "10.0.0.1:80", "192.168.77.7", "93.184.216.7", "[2a00:7::7]"],
    ]),
  );
});

test("a disposable that is for the VM goes on from memory and connects as the VM does, where a network was asked for", async () => {
  test.slow();
  type Started = { vm: string; origin: string };
  const start = (...words: string[]): Promise<Started> =>
    desktop.json<Started>("disposable", "start", "--for", "web", ...words);
  // The first one may have to boot: then it has the memory kept.
  await expect(async () => {
    const { vm, origin } = await start();
    await desktop.json("vm", "kill", vm);
    expect(origin).toBe("fork");
  }).toPass({ timeout: 300_000, intervals: [20_000] });
  const began = [await start(), await start("--network", "firewall"), await start("--network", "firewall")];
  expect(began.map(({ origin }) => origin)).toEqual(["fork", "fork", "fork"]);
  const [without, disposable, sibling] = began.map(({ vm }) => vm) as [string, string, string];
  // Each has an interface of its own, or none, before a program runs in it.
  const addresses = async (vm: string): Promise<string[]> =>
    (await desktop.atoll("exec", vm, "--", "sh", "-c", "cat /sys/class/net/[!l]*/address")).stdout.split("\n");
  const macs = [...(await addresses(without)), ...(await addresses(disposable)), ...(await addresses(sibling))];
  expect(macs.filter((mac) => mac.startsWith("52:54:00:a7"))).toHaveLength(2);
  expect(new Set(macs.filter(Boolean)).size).toBe(2);
  // Where it fails, what the command and the application say of it is shown.
  const answer = async (): Promise<string> => {
    const { code, stdout, stderr } = await getFrom(disposable, "good.example");
    const told = desktop
      .log()
      .split("\n")
      .filter((line) => /firewall|network|relay/.test(line));
    return [`exit code ${code}`, stdout, stderr, ...told.slice(-5)].join("\n");
  };
  await expect.poll(answer, CONNECTS).toContain("for good.example");
  await expect.poll(async () => (await getFrom(sibling, "good.example")).stdout).toContain("for good.example");
  const refused = [await getFrom(disposable, "bad.example"), await getFrom(without, "good.example")];
  expect(refused.map(({ code }) => code)).not.toContain(0);
  await expect
    .poll(async () => (await flows()).filter(({ vm }) => vm === disposable))
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: "good.example", verdict: "allow" }),
        expect.objectContaining({ name: "bad.example", verdict: "deny" }),
      ]),
    );
  expect(await desktop.json<object>("network", "test", disposable, "good.example:80")).toMatchObject({
    ...{ decision: "allow", reached: true },
    explanation: expect.stringContaining(`${disposable} is for web`),
  });
  // It has no wider network than the VM, also when that one's changes.
  await desktop.json("vm", "set", "web", "--network", "none");
  await expect.poll(async () => (await getFrom(disposable, "good.example")).code).not.toBe(0);
  await desktop.json("vm", "set", "web", "--network", "firewall");
  await expect.poll(answer, CONNECTS).toContain("for good.example");
  await expect.poll(async () => (await get("good.example")).stdout).toContain("for good.example");
  for (const vm of [without, disposable, sibling]) await desktop.json("vm", "kill", vm);
});

test("what the policy allows is no leak, and is said to be allowed", async () => {
  const findings = await desktop.json<LeakFinding[]>("network", "check", "web", "--name", "good.example");
  expect(findings.find(({ to }) => to === "good.example")).toMatchObject({ result: "allowed" });
});

test("the desktop shows both, and a rule is made of what was refused", async () => {
  await page.keyboard.press("Meta+p");
  await page.getByRole("tab", { name: "Network" }).click();
  const view = page.getByRole("region", { name: "Network", exact: true });
  await expect(view.getByRole("status").first()).toContainText("Firewall runs.");
  await expect(view.getByRole("button", { name: "good.example, allowed" }).first()).toBeVisible();
  await view.getByRole("button", { name: "bad.example, denied" }).first().click();
  await view.getByRole("button", { name: "Write rule" }).click();
  // A notice stays while the pointer is on it.
  await page.getByRole("button", { name: "Undo" }).hover();
  await expect.poll(async () => (await get("bad.example")).stdout).toContain("for bad.example");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(async () => (await get("bad.example")).code).not.toBe(0);
  await page.keyboard.press("Escape");
});

test("a card says which program has asked, by the VM's own word, and nothing passes meanwhile", async () => {
  await desktop.json("service", "settings", "firewall", "ask=web");
  const card = page.getByRole("article", { name: "web wants to connect to other.test" });
  await expect(async () => {
    expect((await get("other.test")).code).not.toBe(0);
    await expect(card).toBeVisible({ timeout: 10_000 });
  }).toPass(COMES_UP);
  await expect(card).toContainText("web says: “curl”");
  expect((await get("other.test")).code).not.toBe(0);
  expect(internet.wasAskedFor("other.test")).toBe(false);
  await desktop.json("service", "settings", "firewall", "ask=");
  await expect(card).toBeHidden();
});

test("what the policy does not allow any more is refused from then on", async () => {
  writeRules(desktop.home, ["bad.example", "allow"]);
  await expect.poll(async () => (await get("good.example")).code).not.toBe(0);
  await expect.poll(async () => (await get("bad.example")).stdout).toContain("for bad.example");
  writeRules(desktop.home, ["good.example", "allow"]);
  await expect.poll(async () => (await get("good.example")).stdout).toContain("for good.example");
});

test("a firewall that is killed lets nothing pass that is denied, and what was loaded goes on by itself", async () => {
  test.slow();
  const firewall = (await desktop.vms()).find(({ name }) => name === "firewall");
  if (firewall === undefined) throw new Error("no firewall");
  const isKept = /memory snapshot of template "service firewall"/;
  await expect.poll(() => isKept.test(readLog()) || desktop.originOf(firewall.id) !== "cold", COMES_UP).toBe(true);
  const traffic = new GuestTraffic(desktop, "web");
  const denied = internet.packetsTo(11);
  const ends = [await traffic.trespass("198.18.0.11", "2001:2:0:113::11"), await traffic.load()];
  const { attempts } = await traffic.moves(COMES_UP.timeout);
  await traffic.isKnown();
  process.kill(desktop.qemuPid(firewall.id), "SIGKILL");
  // Whether it is away still, or back already.
  expect((await get("bad.example")).code).not.toBe(0);
  expect((await get("198.18.0.10")).code).not.toBe(0);
  await expect.poll(async () => (await get("good.example")).stdout, COMES_UP).toContain("for good.example");
  expect((await get("bad.example")).code).not.toBe(0);
  await traffic.moves(COMES_UP.timeout, attempts);
  expect(internet.packetsTo(11)).toBe(denied);
  for (const end of ends) await end();
  // It has not booted: that memory was kept before its program ran.
  expect(desktop.originOf(firewall.id)).not.toBe("cold");
});

function readLog(): string {
  return fs.readFileSync(path.join(desktop.home, "state/atoll.log"), "utf8");
}

test("an application that is killed cuts the network, and its successor joins it again", async () => {
  await desktop.crash();
  await desktop.start();
  page = await desktop.page();
  await expect.poll(async () => (await get("good.example")).stdout, COMES_UP).toContain("for good.example");
  expect((await get("bad.example")).code).not.toBe(0);
  await expect
    .poll(() => flowTo("good.example"))
    .toMatchObject({ verdict: "allow", rule: { line: expect.any(Number) } });
});

test("what hides names is refused by a rule for the internet, and passes by one that names its port", async () => {
  const findings = async (): Promise<LeakFinding[]> =>
    (
      await desktop.json<LeakFinding[]>("network", "check", "web", "--ipv4", "198.18.0.11", "--resolver", "198.18.0.12")
    ).filter(({ to }) => /^198\.18\.0\.12:(53|853)$|^dns\.google$/.test(to));
  const tried = (to: string): Promise<object> => desktop.json<object>("network", "test", "web", to);
  writeRules(desktop.home, ["@internet", "allow"]);
  await expect.poll(async () => (await get("bad.example")).stdout).toContain("for bad.example");
  expect((await findings()).map(({ result }) => result)).toEqual(["held", "held", "held", "held"]);
  for (const to of ["198.18.0.12:853", "198.18.0.12:53"])
    expect(await tried(to)).toMatchObject({
      ...{ decision: "deny", rule: null, reached: false },
      explanation: expect.stringContaining("a rule lets them pass that names the port"),
    });
  await expect
    .poll(async () => (await flows()).findLast(({ address, port }) => address === "198.18.0.12" && port === 53))
    .toMatchObject({ verdict: "deny", rule: { id: "builtin:encrypted-dns", line: null } });
  writeRules(desktop.home, ["198.18.0.12:53", "allow"], ["@internet", "allow"]);
  await expect.poll(() => tried("198.18.0.12:53")).toMatchObject({ decision: "allow", reached: true });
  expect((await findings()).map(({ to, result }) => `${to} ${result}`)).toEqual([
    "dns.google held",
    "198.18.0.12:53 allowed",
    "198.18.0.12:53 allowed",
    "198.18.0.12:853 held",
  ]);
  writeRules(desktop.home, ["good.example", "allow"]);
  await expect.poll(async () => (await get("bad.example")).code).not.toBe(0);
});

test("a name with a private answer is answered where the settings name it", async () => {
  const looked = (): Promise<CommandResult> => desktop.atoll("exec", "web", "--", "getent", "ahostsv4", "private.test");
  writeRules(desktop.home, ["private.test", "allow"], ["good.example", "allow"]);
  // Its rule is in force, and the answer is kept back.
  const before = internet.timesAskedFor("private.test");
  await expect
    .poll(async () => [(await looked()).code !== 0, internet.timesAskedFor("private.test") > before])
    .toEqual([true, true]);
  await desktop.json("service", "settings", "firewall", "privateAnswers=private.test");
  await expect.poll(async () => (await looked()).stdout).toContain("STREAM");
  await desktop.json("service", "settings", "firewall", "privateAnswers=");
  await expect.poll(async () => (await looked()).code).not.toBe(0);
  writeRules(desktop.home, ["good.example", "allow"]);
});

test("names are looked up at the resolvers that are chosen alone", async () => {
  const dns = (list: string): Promise<object> => desktop.json("service", "settings", "firewall", `dns=${list}`);
  const looked = async (name: string): Promise<number> =>
    (await desktop.atoll("exec", "web", "--", "getent", "ahostsv4", name)).code;
  writeRules(desktop.home, ["good.example", "allow"], ["alias.test", "allow"]);
  // There is no resolver.
  await dns("198.18.0.10");
  expect(await looked("alias.test")).not.toBe(0);
  expect(internet.wasAskedFor("alias.test")).toBe(false);
  await dns("198.18.0.10,198.18.0.53");
  await expect.poll(() => looked("alias.test")).toBe(0);
  expect(internet.wasAskedFor("alias.test")).toBe(true);
  await dns("");
  writeRules(desktop.home, ["good.example", "allow"]);
});

test("VMs go to the internet by the interface that is chosen alone, and by none where that is not there", async () => {
  const uplink = (by: string): Promise<object> => desktop.json("service", "settings", "firewall", `uplink=${by}`);
  // The servers are behind the loopback: what is bound to another interface leaves by that, and does not come to them.
  internet.run(
    "nft",
    "add table inet out { counter by-up0 { }; chain out { type filter hook output priority 0; oifname up0 ip daddr 198.18.0.0/15 counter name by-up0; }; }",
  );
  const counted = (): number =>
    Number(/packets (\d+)/.exec(internet.run("nft", "list", "counter", "inet", "out", "by-up0"))?.[1]);
  expect(counted()).toBe(0);
  await uplink("up0");
  await expect.poll(async () => [(await get("good.example")).code !== 0, counted() > 0]).toEqual([true, true]);
  await uplink("wlan7");
  expect((await get("good.example")).code).not.toBe(0);
  await uplink("");
  await expect.poll(async () => (await get("good.example")).stdout, CONNECTS).toContain("for good.example");
});
