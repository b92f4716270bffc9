/** Atoll's own views by the keyboard alone: the sheet's tabs, and the matrix with its inspector; what a VM is for, in its menu. */
import { expect, type Locator, type Page, test } from "@playwright/test";
import { TestDesktop, tabTo } from "./support/desktop.ts";

let desktop: TestDesktop;
let page: Page;
let sheet: Locator;

interface Answer {
  decision: string;
}

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" });
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
  page = await desktop.page();
  sheet = page.getByRole("dialog");
});

test.afterAll(async () => {
  await desktop.close();
});

async function decision(): Promise<string> {
  const words = ["policy", "check", "clipboard.paste", "--from", "home", "--to", "web"];
  return (await desktop.json<Answer>(...words)).decision;
}

test("arrow keys go through the tabs, around, and so do Home and End", async () => {
  await page.keyboard.press("Meta+p");
  const tab = (name: string): Locator => sheet.getByRole("tab", { name });
  await expect(tab("Policy")).toBeFocused();
  await page.keyboard.press("End");
  await expect(tab("Settings")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(tab("VMs")).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(tab("Settings")).toBeFocused();
  await expect(page.getByRole("dialog", { name: "Settings" })).toBeVisible();
  await page.keyboard.press("Home");
  await expect(page.getByRole("dialog", { name: "VMs" })).toBeVisible();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("dialog", { name: "Policy" })).toBeVisible();
});

test("a rule is written and taken back in the matrix by keys alone", async () => {
  await expect(sheet.getByRole("tab", { name: "Policy" })).toBeFocused();
  const cell = (name: string): Locator => sheet.getByRole("button", { name });
  await expect(cell("home to web: ask")).toBeVisible();
  await tabTo(page, '.matrix-cell[data-at="0 0"]');
  const [down, right] = ((await cell("home to web: ask").getAttribute("data-at")) ?? "").split(" ").map(Number);
  for (let row = 0; row < Number(down); row += 1) await page.keyboard.press("ArrowDown");
  for (let column = 0; column < Number(right); column += 1) await page.keyboard.press("ArrowRight");
  await expect(cell("home to web: ask")).toBeFocused();
  await page.keyboard.press("ArrowUp");
  await expect(cell("home to web: ask")).not.toBeFocused();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.locator(".inspector")).toBeVisible();
  await page.keyboard.press("d");
  await page.keyboard.press("a");
  await expect(page.locator(".price li").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Write rule" })).toBeEnabled();
  expect(await decision()).toBe("ask");
  await page.keyboard.press("Control+Enter");
  await expect.poll(decision).toBe("allow");
  await expect(cell("home to web: allow, your rule")).toBeFocused();
  await page.keyboard.press("Control+z");
  await expect.poll(decision).toBe("ask");
});

test("what a VM is for is chosen in its menu: its network and its rules go with it, and come back by Undo", async () => {
  await page.keyboard.press("Escape");
  const reaches = async (): Promise<string> =>
    (await desktop.json<Answer>("policy", "check", "net.connect", "--from", "web", "--to", "example.org:443")).decision;
  const web = async (): Promise<object | undefined> => (await desktop.vms()).find(({ name }) => name === "web");
  await desktop.json("vm", "set", "web", "--network", "direct");
  expect(await reaches()).toBe("allow");
  await page.locator('.chip[data-vm="web"]').click();
  const choice = (name: string): Locator => page.getByRole("menuitemradio", { name });
  await expect(choice("Programs: the internet")).toBeChecked();
  await choice("Vault: nothing").click();
  // A notice stays while the pointer is on it.
  await page.getByRole("button", { name: "Undo" }).hover();
  await expect.poll(web).toMatchObject({ role: "vault", network: "none" });
  expect(await reaches()).toBe("deny");
  const notice = page.getByText("web is a vault now, and it has no network.");
  await expect(notice).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(web).toMatchObject({ role: "app", network: "direct" });
  expect(await reaches()).toBe("allow");
});

test("Escape gives the keyboard back from wherever Tab has led to from the bar", async () => {
  await page.keyboard.press("Meta+b");
  await expect(page.locator(".chip").first()).toBeFocused();
  await tabTo(page, ":not(.top-bar *)");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Meta+v");
  await expect(page.getByRole("dialog", { name: "Clipboard history" })).toBeVisible();
  await page.keyboard.press("Escape");
});

test("on a small screen the words that decide are whole, and what is below each other is in line", async () => {
  const denied = desktop.atoll("cp", "home:.profile", "web:").catch((error: unknown) => error);
  await expect(page.getByRole("alertdialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await denied;
  await page.setViewportSize({ width: 1024, height: 700 });
  await page.keyboard.press("Meta+p");
  await expect(page.locator(".entry")).toHaveCount(1);
  await expect(page.locator(".matrix-cell").first()).toBeVisible();
  const cut = (selector: string): Promise<string[]> =>
    page
      .locator(selector)
      .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent));
  for (const words of [".policy-actions button", ".matrix thead b", ".entry-parties b", ".chip-name"])
    expect([words, await cut(words)]).toEqual([words, []]);
  const signs = page.locator(".policy-actions button svg");
  const widths = await signs.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
  // Whole, or not there.
  expect(new Set(widths).size).toBe(1);
  expect([0, 14]).toContain(widths[0]);
  await page.getByRole("tab", { name: "Services" }).click();
  await expect(page.locator(".service-card").nth(3)).toBeVisible();
  const rows = await page.locator(".service-card > small").evaluateAll((all) => {
    const places = all.map((one) => one.getBoundingClientRect());
    return places.filter(({ top }) => Math.abs(top - (places[0]?.top ?? 0)) < 40).map(({ bottom }) => bottom);
  });
  expect(rows.length).toBeGreaterThan(1);
  expect(new Set(rows).size).toBe(1);
  await page.keyboard.press("Escape");
});

test("in the view of VMs one is made, given other things, started, paused, shut down and removed", async () => {
  await page.setViewportSize({ width: 1600, height: 1000 });
  await page.keyboard.press("Meta+p");
  await page.getByRole("tab", { name: "VMs" }).click();
  const view = page.getByRole("region", { name: "VMs" });
  const line = (name: string): Locator => view.getByRole("radio", { name: new RegExp(`^${name}, `) });
  const made = async () => (await desktop.vms()).find(({ name }) => name === "notes");
  await expect(line("home")).toBeVisible();
  // By keys alone.
  await view.getByRole("button", { name: "New VM" }).focus();
  await page.keyboard.press("Enter");
  const form = page.getByRole("form", { name: "New VM" });
  await expect(form.getByLabel("Name")).toBeFocused();
  await page.keyboard.type("notes");
  await form.getByRole("radio", { name: "sand" }).click();
  await form.getByLabel("Network").selectOption("none");
  await form.getByLabel("Memory, MiB").fill("384");
  await form.getByRole("button", { name: "Create", exact: true }).click();
  await expect(line("notes")).toBeChecked();
  await expect(line("notes")).toHaveAccessibleName(/stopped.*384 MiB/);
  expect(await made()).toMatchObject({ label: "sand", role: "app", network: "none", state: "stopped" });

  const detail = page.getByRole("region", { name: "notes" });
  await detail.getByLabel("Processors").fill("1");
  await detail.getByLabel("What it is for, and may reach").selectOption("work");
  await detail.getByRole("button", { name: "Save" }).click();
  await expect(detail.getByRole("status")).toHaveText("Saved.");
  await expect.poll(made).toMatchObject({ role: "work" });
  await expect(line("notes")).toHaveAccessibleName(/Work.*384 MiB, 1 processor/);

  await line("notes").focus();
  await page.keyboard.press("Enter");
  await desktop.isRunning("notes");
  await view.getByRole("button", { name: "Pause notes" }).click();
  await expect.poll(made).toMatchObject({ state: "paused" });
  await detail.getByRole("button", { name: "Resume" }).click();
  await expect.poll(made).toMatchObject({ state: "running" });
  await detail.getByRole("button", { name: "Shut down" }).click();
  await expect(detail.getByRole("button", { name: "Remove…" })).toBeVisible({ timeout: 300_000 });
  await detail.getByRole("button", { name: "Remove…" }).click();
  await expect(detail.getByRole("button", { name: "Keep" })).toBeFocused();
  await detail.getByRole("button", { name: "Remove notes" }).click();
  await expect(line("notes")).toHaveCount(0);
  expect(await made()).toBeUndefined();

  await page.setViewportSize({ width: 1024, height: 700 });
  const cut = (): Promise<string[]> =>
    view
      .locator(".vm-line > span")
      .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent));
  await expect.poll(cut).toEqual([]);
  // The button that was pressed last is gone, and the keyboard is the sheet's all the same.
  await page.keyboard.press("Escape");
  await expect(sheet).toHaveCount(0);
});
