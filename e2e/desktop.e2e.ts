/** The host's own parts of the desktop, by mouse and keyboard: the first start, menus, questions, the launcher. */
import fs from "node:fs";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { TestDesktop, type } from "./support/desktop.ts";

let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  desktop = await TestDesktop.firstStart();
  page = await desktop.page();
});

test.afterAll(async () => {
  await desktop.close();
});

const chip = (name: string) => page.getByRole("button", { name: new RegExp(`^${name},`) });

test("the first start shows how far both VMs are, and then what to do", async () => {
  await expect(page.getByRole("heading", { name: /VMs are starting|Calm water/ })).toBeVisible();
  await Promise.all([desktop.isRunning("home"), desktop.isRunning("web")]);
  // Their networks wait for the firewall, which comes up beside them.
  for (const name of ["home", "web"]) await expect(chip(name)).toHaveText(`${name}ready`, { timeout: 300_000 });
  await expect(chip("firewall")).toHaveText("firewallready");
  await expect(page.getByRole("heading", { name: "Calm water" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Calm water" }).getByRole("listitem")).toHaveText([/^home/, /^web/]);
  await expect(page.getByRole("progressbar")).toHaveCount(0);
});

test("the launcher lists the programs of both VMs and starts one by keyboard alone", async () => {
  await page.keyboard.press("Meta");
  const search = page.getByRole("combobox", { name: "Search programs" });
  await expect(search).toBeFocused();
  await expect(page.getByRole("option", { name: "Mousepad, home" })).toBeVisible();
  await expect(page.getByRole("option", { name: "Mousepad, web" })).toBeVisible();
  await page.keyboard.type("mousep web");
  await expect(page.getByRole("option").first()).toHaveAccessibleName("Mousepad, web");
  await expect(page.getByRole("option", { name: ", home" })).toHaveCount(0);
  // Looked for in each animation frame from before the key on: it is there until the window is, which may be soon.
  const opens = page.waitForFunction(
    () => document.querySelector('nav [aria-label="Mousepad, web, opening"]') !== null,
  );
  await page.keyboard.press("Enter");
  await opens;
  const window = page.locator('.guest-window[data-vm="web"]');
  await expect(window).toBeVisible({ timeout: 180_000 });
  await expect(page.getByRole("navigation", { name: "Windows" }).getByRole("status")).toHaveCount(0);
  await expect(chip("web")).toHaveText("web1 window");
  await window.getByRole("button", { name: "Close" }).click();
  await expect(window).toHaveCount(0);
});

test("a VM's menu pauses and resumes it, and asks before it kills", async () => {
  await page.keyboard.press("Meta+b");
  await expect(chip("home")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const menu = page.getByRole("menu");
  await expect(menu).toContainText("debian-web · network behind the firewall");
  await menu.getByRole("menuitem", { name: "Pause" }).click();
  await expect(chip("web")).toHaveText("webpaused");
  await chip("web").click();
  await menu.getByRole("menuitem", { name: "Resume" }).click();
  await expect(chip("web")).toHaveText("webready");

  await chip("web").click();
  await menu.getByRole("menuitem", { name: "Kill…" }).click();
  const prompt = page.getByRole("alertdialog", { name: "Kill “web”?" });
  await expect(prompt.getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(prompt).toBeHidden();
  await expect(chip("web")).toHaveText("webready");
  await chip("web").click();
  await menu.getByRole("menuitem", { name: "Kill…" }).click();
  await prompt.getByRole("button", { name: "Kill" }).click();
  await expect(chip("web")).toHaveText("webstopped");
  await expect(chip("home")).toHaveText("homeready");
});

test("a failure is shown in a notice that can be dismissed", async () => {
  const disk = path.join(desktop.home, "state/vms", (await desktop.vms()).find((vm) => vm.name === "web")?.id ?? "");
  fs.rmSync(disk, { recursive: true });
  fs.writeFileSync(disk, "in the way");
  await chip("web").click();
  await page.getByRole("menuitem", { name: "Start" }).click();
  const notice = page.locator(".notice");
  await expect(notice).toContainText(disk);
  await notice.locator(".notice-close").click();
  await expect(notice).toHaveCount(0);
  fs.rmSync(disk);
});

test("dark and light are chosen in the menu and remembered", async () => {
  const shown = (): Promise<string | undefined> => page.evaluate(() => document.documentElement.dataset["theme"]);
  const choose = async (name: string): Promise<void> => {
    await page.getByRole("button", { name: "Atoll", exact: true }).click();
    await page.getByRole("menuitemradio", { name }).click();
    await page.keyboard.press("Escape");
  };
  await choose("Dark");
  await expect.poll(shown).toBe("dark");
  await choose("Light");
  await expect.poll(shown).toBe("light");
  const settings = path.join(desktop.home, "config/settings.yaml");
  await expect(() => expect(fs.readFileSync(settings, "utf8")).toContain("theme: light")).toPass({ timeout: 180_000 });
  fs.writeFileSync(settings, "theme: dark\n");
  await expect.poll(shown).toBe("dark");
});

test("a broken file is named in the bar until it is mended", async () => {
  const broken = path.join(desktop.home, "config/vms/broken.yaml");
  fs.writeFileSync(broken, "driver: qemu\n");
  await page.getByRole("button", { name: "1 broken file" }).click();
  await expect(page.getByRole("dialog")).toContainText(`${broken}:1:1`);
  await page.keyboard.press("Escape");
  fs.rmSync(broken);
  await expect(page.getByRole("button", { name: "1 broken file" })).toHaveCount(0);
});

test("the welcome lies below windows, takes no key that is meant for one, and comes once", async () => {
  const welcome = page.getByRole("region", { name: "Welcome to Atoll" });
  await expect(welcome).toBeVisible();
  const { id, element } = await desktop.run("home", "foot", "sh", "-c", "stty raw -echo; cat > /tmp/keys");
  const box = await welcome.boundingBox();
  if (box === null) throw new Error("the welcome is not shown");
  await desktop.place(id, Math.round(box.x + 40), Math.round(box.y + 40), [400, 300]);
  const content = element.locator('[data-part="content"]');
  const inIt = { x: box.x + 200, y: box.y + 200 };
  const topmost = (): Promise<string | null | undefined> =>
    page.evaluate(
      ({ x, y }) => document.elementFromPoint(x, y)?.closest("[data-window-id]")?.getAttribute("data-window-id"),
      inIt,
    );
  await expect.poll(topmost).toBe(id);
  await content.click();
  await type(page, "meant for it\n");
  await expect.poll(() => desktop.read("home", "/tmp/keys")).toBe("meant for it\r");
  await expect(welcome).toBeVisible();
  await desktop.json("window", "close", id);
  await expect(element).toHaveCount(0);

  await welcome.getByRole("button", { name: "Close the welcome" }).click();
  await expect(welcome).toHaveCount(0);
  await page.reload();
  await expect(chip("home")).toBeVisible();
  await expect(welcome).toHaveCount(0);
  await page.getByRole("button", { name: "Atoll", exact: true }).click();
  await page.getByRole("menuitem", { name: "First steps" }).click();
  await expect(welcome).toBeVisible();
});
