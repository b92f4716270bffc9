/**
 * A VM that is scanned behind the firewall, on a test internet: what a rule of the scanner drops does not arrive and is told, all
 * else passes; one that is not scanned is left alone; a person's own rules count, and wrong ones are told.
 */
import fs from "node:fs";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { stringify } from "yaml";
import type { AlertView, FlowView } from "#shared/model/network.ts";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
import { tellOfFirewall } from "./support/firewall-evidence.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";
import { RootInService } from "./support/root-in-service.ts";
import { TestInternet } from "./support/test-internet.ts";

test.skip(process.getuid?.() !== 0, "the test internet is made by root");

/** The firewall's VM boots and the scanner starts, where they are emulated too. */
const COMES_UP = { timeout: 300_000 };
/** The scanner reads its rules anew. */
const READS = { timeout: 180_000 };
const TIMED_OUT = 28;

let internet: TestInternet;
let root: RootInService;
let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  test.setTimeout(900_000);
  internet = await TestInternet.open();
  root = RootInService.make("firewall", "atoll-netfilter");
  const { electron } = internet;
  const surroundings = { electron, application: root.application };
  desktop = await TestDesktop.open({ web: "coral", home: "lagoon" }, prepare, surroundings);
  page = await desktop.page();
  for (const vm of ["home", "web"])
    await expect.poll(async () => (await get(vm, "/")).stdout, COMES_UP).toContain("hello from");
});

test.afterEach(() => tellOfFirewall(desktop, root, test.info()));

test.afterAll(async () => {
  await desktop.close();
  await internet.close();
  root.remove();
});

function prepare(home: string): void {
  for (const vm of ["web", "home"]) changeDefinition(home, vm, { network: "firewall" });
  writePolicy(home, [{ action: "net.connect", from: "@any", to: "good.example", decision: "allow" }]);
  fs.mkdirSync(path.join(home, "config/services"), { recursive: true });
  fs.writeFileSync(path.join(home, "config/services/firewall.yaml"), stringify({ scan: ["web"] }));
}

function get(vm: string, what: string, ...words: string[]): Promise<CommandResult> {
  const curl = ["curl", "-4", "--silent", "--show-error", "--connect-timeout", "15", "--max-time", "60"];
  return desktop.atoll("exec", vm, "--", ...curl, ...words, `http://good.example${what}`);
}

function alerts(): Promise<AlertView[]> {
  return desktop.json<AlertView[]>("network", "alerts");
}

async function openNetwork(): Promise<void> {
  await page.keyboard.press("Meta+p");
  await page.getByRole("tab", { name: "Network" }).click();
}

test("what the scanner drops does not arrive, is reset and told; a VM that is not scanned gets it", async () => {
  const dropped = await get("web", "/eicar");
  expect(dropped).not.toMatchObject({ code: 0 });
  expect(dropped.code).not.toBe(TIMED_OUT);
  expect(dropped.stdout).not.toContain("EICAR");
  await expect
    .poll(alerts)
    .toMatchObject([
      { vm: "web", name: "good.example", port: 80, direction: "in", action: "dropped", signature: /EICAR/u },
    ]);
  const unscanned = await get("home", "/eicar");
  expect([unscanned.code, unscanned.stdout]).toEqual([0, expect.stringContaining("EICAR")]);
  expect((await alerts()).length).toBe(1);
  // The firewall tells of them once a second.
  const dropping = async (): Promise<string[]> =>
    (await desktop.json<FlowView[]>("network", "flows"))
      .filter(({ reason }) => reason.startsWith("dropped by the traffic scanner"))
      .map(({ vm }) => vm);
  await expect.poll(dropping).toEqual(["web"]);
  expect((await get("web", "/")).stdout).toContain("hello from");
});

test("the desktop shows it, and blocks it with a way back", async () => {
  await openNetwork();
  await expect(page.getByText("Traffic scanner runs.")).toBeVisible();
  const seen = page.getByRole("region", { name: "Alerts of the traffic scanner" });
  await expect(seen.getByRole("listitem")).toContainText("EICAR");
  await seen.getByRole("button", { name: "Block good.example:80 for web" }).click();
  // A notice stays while the pointer is on it.
  await page.getByRole("button", { name: "Undo" }).hover();
  await expect.poll(async () => (await get("web", "/")).code).not.toBe(0);
  expect((await get("home", "/")).stdout).toContain("hello from");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(async () => (await get("web", "/")).stdout).toContain("hello from");
  await page.keyboard.press("Escape");
});

test("a person's own rules count, and what is wrong with them is said while the old ones stay", async () => {
  const file = path.join(desktop.home, "config/firewall/rules/own.rules");
  const rule = 'drop http any any -> any any (msg:"mine"; http.user_agent; content:"secret-tool"; sid:1000001;)';
  fs.writeFileSync(file, `${rule}\n`);
  const tool = (): Promise<CommandResult> => get("web", "/", "--user-agent", "secret-tool");
  await expect.poll(async () => (await tool()).code, READS).not.toBe(0);
  fs.writeFileSync(file, "nonsense\n");
  await openNetwork();
  await expect(page.getByText("own.rules, line 1")).toBeVisible(READS);
  expect((await tool()).code).not.toBe(0);
  expect((await get("web", "/eicar")).stdout).not.toContain("EICAR");
  fs.rmSync(file);
  await expect.poll(async () => (await tool()).code, READS).toBe(0);
  await expect(page.getByText("own.rules, line 1")).toBeHidden();
  await page.keyboard.press("Escape");
});
