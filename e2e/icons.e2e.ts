/** Files of VMs as icons on the desktop, on real guests. */
import { expect, type Locator, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";
import { writePolicy } from "./support/prepare.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) =>
    writePolicy(home, [{ action: "file.send", from: "home", to: "web", decision: "allow" }]),
  );
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
});
test.afterAll(() => desktop.close());

async function sh(vm: string, script: string): Promise<string> {
  return (await desktop.atoll("exec", vm, "--", "sh", "-c", script)).stdout;
}

async function icon(name: string): Promise<Locator> {
  return (await desktop.page()).getByRole("option", { name });
}

test("a file on a VM's desktop comes, is renamed, goes to the trash and comes back", async () => {
  const page = await desktop.page();
  await sh("home", "mkdir -p Desktop/papers; echo hello > Desktop/letter.txt");
  await expect(await icon("letter.txt, home")).toBeVisible();
  await expect(await icon("papers, home")).toHaveAttribute("data-label", "lagoon");

  await (await icon("letter.txt, home")).click();
  await page.keyboard.press("F2");
  await expect(page.locator(".desktop-icons input")).toBeFocused();
  await page.keyboard.type("poem");
  await page.keyboard.press("Enter");
  await expect(await icon("poem.txt, home")).toBeVisible();
  expect(await sh("home", "cat Desktop/poem.txt")).toBe("hello\n");

  // It is the chosen one once the answer is there, which may come after its icon.
  await expect(await icon("poem.txt, home")).toBeFocused();
  await page.keyboard.press("Delete");
  // A notice stays while the pointer is on it.
  await page.getByRole("button", { name: "Undo" }).hover();
  await expect(await icon("poem.txt, home")).toHaveCount(0);
  expect(await sh("home", "ls Desktop .local/share/Trash/files")).toContain("Trash/files:\npoem.txt");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(await icon("poem.txt, home")).toBeVisible();
  expect(await sh("home", "cat Desktop/poem.txt")).toBe("hello\n");
});

test("it is sent to another VM by its menu, and opened by a double click", async () => {
  const page = await desktop.page();
  await (await icon("poem.txt, home")).click({ button: "right" });
  await page.getByRole("menuitem", { name: "web" }).click();
  await expect.poll(() => sh("web", "cat Incoming/home/poem.txt 2>/dev/null")).toBe("hello\n");

  await (await icon("poem.txt, home")).dblclick();
  await expect
    .poll(async () => (await desktop.windows()).map(({ vm, title }) => `${vm}: ${title}`), { timeout: 120_000 })
    .toContainEqual(expect.stringMatching(/^home: .*poem\.txt/));
});

test("files that change all the time cost no more than what is shown, and the last state is right", async () => {
  const changes = await desktop.subscribe("icon.changed");
  await sh(
    "home",
    "i=0; while [ $i -lt 3000 ]; do echo $i > Desktop/n$((i % 40)); i=$((i + 1)); done; rm Desktop/n[1-9]*",
  );
  await expect(await icon("n0, home")).toBeVisible();
  await expect((await desktop.page()).getByRole("option", { name: /^n\d+, home$/ })).toHaveCount(1);
  // One look in 200 ms at most, of 3,000 writes.
  expect((await changes()).length).toBeLessThan(1_000);
});

test("it is sent to another VM by a drag to its chip", async () => {
  const page = await desktop.page();
  await sh("home", "echo dragged > Desktop/drawing.txt");
  const chip = page.getByRole("button", { name: /^web,/ });
  await (await icon("drawing.txt, home")).hover();
  await page.mouse.down();
  // The first movement begins the drag, the second one is above the chip.
  for (const _movement of [1, 2]) await chip.hover();
  await page.mouse.up();
  await expect.poll(() => sh("web", "cat Incoming/home/drawing.txt 2>/dev/null")).toBe("dragged\n");
});
