/** The application around its VMs: files that a person edits, a second application, the ways to quit. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { FileProblem } from "#shared/model/yaml-file.ts";
import type { VmView } from "#shared/model/vm.ts";
import { isAlive, TestDesktop } from "./support/desktop.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({});
});

test.afterAll(async () => {
  await desktop.close();
});

const file = (name: string): string => path.join(desktop.home, "config", name);

function view(name: string): Promise<VmView | undefined> {
  return desktop.vms().then((vms) => vms.find((vm) => vm.name === name));
}

/** The problems that `vm list` says beside its list. */
async function problems(): Promise<FileProblem[]> {
  const { code, stdout, stderr } = await desktop.atoll("vm", "list", "--json");
  expect(code).toBe(0);
  expect(Array.isArray(JSON.parse(stdout))).toBe(true);
  return stderr
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { problem: FileProblem }).problem);
}

test("a definition that is edited by hand counts at once; a broken one is named with its place and stops nothing", async () => {
  await desktop.json("vm", "create", "work", "--label", "sand");
  const work = file("vms/work.yaml");
  const text = fs.readFileSync(work, "utf8");
  fs.writeFileSync(work, text.replace("label: sand", "label: palm"));
  await expect.poll(async () => (await view("work"))?.label).toBe("palm");

  const told = await desktop.subscribe("problems.changed");
  fs.writeFileSync(work, text.replace("label: sand", "label: pink"));
  const expected = { file: work, line: 3, column: 8, reason: expect.stringContaining("label") as unknown as string };
  await expect.poll(problems).toMatchObject([expected]);
  await expect.poll(told).toContainEqual([expect.objectContaining(expected)]);
  const words = await desktop.atoll("vm", "list");
  expect(words.stderr).toContain(`${work}:3:8: label`);
  expect((await view("work"))?.label).toBe("palm");

  fs.writeFileSync(file("vms/new.yaml"), "driver: qemu\n");
  await expect.poll(async () => (await problems()).length).toBe(2);
  const info = await desktop.atoll("vm", "info", "new", "--json");
  expect(info.code).toBe(1);
  expect(JSON.parse(info.stderr)).toMatchObject({ error: { code: "vm.bad-definition", details: { line: 1 } } });

  fs.writeFileSync(work, text);
  fs.rmSync(file("vms/new.yaml"));
  // A copy takes nothing over.
  fs.copyFileSync(work, file("vms/banking.yaml"));
  await expect.poll(problems).toMatchObject([{ file: file("vms/banking.yaml") }]);
  expect((await desktop.vms()).map(({ name, label }) => ({ name, label }))).toEqual([{ name: "work", label: "sand" }]);
  fs.rmSync(file("vms/banking.yaml"));
  await expect.poll(problems).toEqual([]);
  await desktop.json("vm", "remove", "work");
});

test("settings that are broken are named, and nothing else stops working", async () => {
  fs.writeFileSync(file("settings.yaml"), "onQuit: perhaps\n");
  await expect.poll(problems).toMatchObject([{ file: file("settings.yaml"), line: 1, column: 9 }]);
  fs.rmSync(file("settings.yaml"));
  await expect.poll(problems).toEqual([]);
});

test("a second application on the same home raises the first and ends with a clear message", async () => {
  const { code, stderr } = await desktop.second();
  expect(code).toBe(1);
  expect(stderr).toContain("Atoll runs already");
  expect(await desktop.vms()).toEqual([]);
});

test("closing the desktop asks what becomes of running VMs, and remembers", async () => {
  await desktop.json("vm", "create", "home", "--label", "lagoon");
  await desktop.json("vm", "start", "home", "--wait");
  const home = (await view("home")) as VmView;
  const pid = desktop.qemuPid(home.id);
  const page = await desktop.page();
  await page.getByRole("button", { name: "Close Atoll" }).click();
  const prompt = page.getByRole("alertdialog", { name: "Quit Atoll?" });
  await expect(prompt).toContainText("home");
  await page.keyboard.press("Escape");
  await expect(prompt).toBeHidden();
  expect((await view("home"))?.state).toBe("running");

  await page.getByRole("button", { name: "Close Atoll" }).click();
  await expect(prompt).toBeVisible();
  // The question waits for its answer, not for the page that showed it first.
  await page.reload();
  await prompt.getByRole("checkbox").check();
  const ended = desktop.ended();
  await prompt.getByRole("button", { name: "Shut down" }).click();
  await ended;
  expect(isAlive(pid)).toBe(false);
  expect(fs.readFileSync(file("settings.yaml"), "utf8")).toBe("onQuit: stop\n");
});

test("a remembered choice is not asked for again; a VM that is kept is found again", async () => {
  fs.writeFileSync(file("settings.yaml"), "onQuit: keep\n");
  await desktop.start();
  await desktop.json("vm", "start", "home");
  const pid = desktop.qemuPid(((await view("home")) as VmView).id);
  const page = await desktop.page();
  const ended = desktop.ended();
  await page.evaluate(() => void window.atoll.request("desktop.control", { action: "close" }));
  await ended;
  await desktop.start();
  await desktop.isRunning("home");
  expect(desktop.qemuPid(((await view("home")) as VmView).id)).toBe(pid);
  const quit = desktop.ended();
  expect((await desktop.atoll("quit", "--stop-vms")).code).toBe(0);
  expect(isAlive(pid)).toBe(false);
  expect((await desktop.atoll("vm", "list")).code).toBe(4);
  await quit;
});

test("a template is built for the desktop with progress, and a build that is cancelled leaves nothing", async () => {
  const cache = path.join(desktop.home, "cache");
  await desktop.start({ ATOLL_CACHE: cache });
  const page = await desktop.page();
  const answer = await page.evaluate(async () => {
    const build = window.atoll.request("template.build", { name: "debian" });
    const again = window.atoll.request("template.build", { name: "debian" });
    const progress = await new Promise((resolve) => window.atoll.on("template.progress", resolve));
    await window.atoll.request("template.cancel", { name: "debian" });
    return { progress, build: await build, again: await again };
  });
  expect(answer.progress).toMatchObject({ name: "debian", step: "prepare" });
  const cancelled = { ok: false, error: { code: "template.cancelled" } };
  expect(answer).toMatchObject({ build: cancelled, again: cancelled });
  const left = fs.readdirSync(path.join(cache, "templates")).filter((name) => !name.startsWith(".lock-"));
  expect(left).toEqual([]);
  const unknown = await page.evaluate(() => window.atoll.request("template.build", { name: "../x" }));
  expect(unknown).toMatchObject({ ok: false, error: { code: "template.not-found" } });
});
