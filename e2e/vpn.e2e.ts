/**
 * A VM of role "work" goes by the VPN's VM, and that one through the firewall, to a WireGuard server on a test internet: the VM
 * reaches what is behind the tunnel, and nothing past it.
 */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { FlowView } from "#shared/model/network.ts";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";
import { TestInternet } from "./support/test-internet.ts";
import { INSIDE, TestTunnel } from "./support/test-tunnel.ts";

test.skip(process.getuid?.() !== 0, "the test internet is made by root");

/** Two service VMs boot one after the other, where they are emulated too. */
const COMES_UP = { timeout: 360_000 };
/** Where the tunnel's server is. */
const SERVER = "198.18.0.12";

interface ServiceInfo {
  status: string;
  settings: Record<string, unknown>;
  panels: { rows?: { bytesIn: number; handshakeAge: number | null }[] }[];
}

let internet: TestInternet;
let tunnel: TestTunnel;
let desktop: TestDesktop;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  internet = await TestInternet.open();
  tunnel = await TestTunnel.open(internet, SERVER);
  desktop = await TestDesktop.open({ work: "violet" }, prepare, internet);
  await desktop.isRunning("work");
});

test.afterAll(async () => {
  await desktop.close();
  await tunnel.close();
  await internet.close();
});

function prepare(home: string): void {
  changeDefinition(home, "work", { role: "work", network: "firewall", via: "vpn" });
  writePolicy(home, [
    { action: "net.connect", from: "vpn", to: `${SERVER}:51820`, decision: "allow" },
    // Allowed, and not reached all the same: what goes by the tunnel goes nowhere else.
    { action: "net.connect", from: "work", to: "@internet", decision: "allow" },
  ]);
}

function get(host: string, ...words: string[]): Promise<CommandResult> {
  const curl = ["curl", "--silent", "--show-error", "--connect-timeout", "10", "--max-time", "30"];
  return desktop.atoll("exec", "work", "--", ...curl, ...words, `http://${host}/`);
}

/** What the menu of the VM's chip says of its network. */
async function menuSays(...words: string[]): Promise<void> {
  const page = await desktop.page();
  await page.getByRole("button", { name: /^work,/ }).click();
  for (const one of words) await expect(page.getByRole("menu")).toContainText(one);
  await page.keyboard.press("Escape");
}

test("without a configuration nothing passes, and the chip's menu says why", async () => {
  await expect
    .poll(async () => (await desktop.json<ServiceInfo>("service", "info", "vpn")).status, COMES_UP)
    .toBe("Not set up: choose a configuration");
  await menuSays(
    "network by vpn, behind the firewall",
    'waits for service "vpn": it has no configuration yet: choose a file',
  );
  expect((await get(INSIDE)).code).not.toBe(0);
});

test("with its configuration the VM reaches what is behind the tunnel; the firewall sees the tunnel alone", async () => {
  const file = path.join(desktop.home, "office.conf");
  fs.writeFileSync(file, tunnel.configuration);
  await desktop.json("service", "settings", "vpn", `config=@${file}`);
  await expect.poll(async () => (await get(INSIDE)).stdout, COMES_UP).toContain(`hello from ${INSIDE}`);
  await expect.poll(async () => (await desktop.json<ServiceInfo>("service", "info", "vpn")).status).toBe("Connected");
  const { panels } = await desktop.json<ServiceInfo>("service", "info", "vpn");
  const row = panels.flatMap(({ rows = [] }) => rows)[0];
  expect(row?.bytesIn).toBeGreaterThan(0);
  expect(row?.handshakeAge).not.toBeNull();
  const flows = await desktop.json<FlowView[]>("network", "flows");
  expect(new Set(flows.map(({ vm, address, protocol }) => `${vm} ${address} ${protocol}`))).toEqual(
    new Set([`vpn ${SERVER} udp`]),
  );
});

test("nothing goes past the tunnel: neither the firewall's names, nor an address that the policy allows", async () => {
  expect((await get("good.example")).code).not.toBe(0);
  // The tunnel's other end has the internet's addresses itself: with it they are gone, too.
  internet.run("ip", "link", "set", "tunnel0", "down");
  for (const host of [INSIDE, "198.18.0.10"]) expect((await get(host)).code).not.toBe(0);
  internet.run("ip", "link", "set", "tunnel0", "up");
  await expect.poll(async () => (await get(INSIDE)).stdout, COMES_UP).toContain(`hello from ${INSIDE}`);
});

test("its secrets are not shown again, and are in no log", async () => {
  const info = await desktop.atoll("service", "info", "vpn", "--json");
  const log = await desktop.atoll("service", "log", "vpn");
  for (const text of [info.stdout, log.stdout, desktop.log()]) expect(text).not.toContain(tunnel.secret);
  expect((JSON.parse(info.stdout) as ServiceInfo).settings["config"]).toBe("(kept)");
});

test("a VM whose role the service does not serve has no network", async () => {
  await desktop.json("vm", "set", "work", "--role", "app");
  await menuSays('service "vpn" does not serve VMs of role app');
  expect((await get(INSIDE)).code).not.toBe(0);
  await desktop.json("vm", "set", "work", "--role", "work");
  await expect.poll(async () => (await get(INSIDE)).stdout, COMES_UP).toContain(`hello from ${INSIDE}`);
});
