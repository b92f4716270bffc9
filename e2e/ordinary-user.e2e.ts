/** A first start as an ordinary user, with Chromium's sandbox on, by mouse and keyboard alone. */
import fs from "node:fs";
import { expect, test } from "@playwright/test";
import { type OrdinaryDesktop, startAsOrdinaryUser } from "./support/ordinary-user.ts";

let desktop: OrdinaryDesktop;

test.beforeAll(async () => {
  desktop = await startAsOrdinaryUser();
});

test.afterAll(() => desktop.remove());

/** The lines of /proc/PID/status. */
function statusOf(pid: number): Record<string, string> {
  const lines = fs.readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
  return Object.fromEntries(lines.map((line) => [line.split(":")[0] ?? "", line.replace(/^[^:]*:\s*/, "")]));
}

test("both VMs start, a program is found, started, typed into, and ends; the page is in Chromium's sandbox", async () => {
  const page = await desktop.app.firstWindow({ timeout: 180_000 });
  for (const name of ["home", "web"])
    await expect(page.getByRole("button", { name: `${name}, ready` })).toBeVisible({ timeout: 300_000 });

  const main = desktop.app.process().pid ?? 0;
  expect(fs.readFileSync(`/proc/${main}/cmdline`, "utf8")).not.toContain("--no-sandbox");
  const renderer = await desktop.app.evaluate(({ webContents }) =>
    webContents.getAllWebContents()[0]?.getOSProcessId(),
  );
  const status = statusOf(renderer ?? 0);
  expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
  expect(status["Uid"]).toMatch(new RegExp(`^${desktop.uid}\\s`));
  // A process-id namespace of its own: it cannot even name another process.
  expect(status["NSpid"]?.split(/\s+/).length).toBeGreaterThan(1);

  await page.keyboard.press("Meta");
  await expect(page.getByRole("combobox", { name: "Search programs" })).toBeFocused();
  await page.keyboard.type("foot home");
  await expect(page.getByRole("option").first()).toHaveAccessibleName("Foot, home");
  await page.keyboard.press("Enter");
  const window = page.locator('.guest-window[data-vm="home"]');
  await expect(window).toBeVisible({ timeout: 180_000 });
  await window.locator('[data-part="content"]').click();
  await page.keyboard.type("exit\n");
  await expect(window).toHaveCount(0);

  // Both VMs are shut down before it.
  const closed = desktop.app.waitForEvent("close", { timeout: 300_000 });
  await page.getByRole("button", { name: "Close Atoll" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Shut down" }).click();
  await closed;
});
