/** A service from its first file to its end, on a real VM: made, checked, tried, installed, set, killed, removed. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import type { ServiceLogLine, ServiceView } from "#shared/model/service.ts";
import type { VmView } from "#shared/model/vm.ts";
import { TestDesktop } from "./support/desktop.ts";

type Row = Pick<ServiceView, "name" | "version" | "state" | "health" | "vm" | "rights">;

const atoll = path.resolve(import.meta.dirname, "../bin/atoll");
let folder = "";
let desktop: TestDesktop;

/** Building its image and booting it take their time beside other tests. */
test.setTimeout(600_000);

test.beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-service-"));
  desktop = await TestDesktop.open({});
});

test.afterAll(async () => {
  await desktop.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Without an application: it has a home of its own. */
async function alone(...args: string[]): Promise<unknown> {
  const env = { ...process.env, ATOLL_HOME: path.join(folder, "home") };
  const { stdout } = await promisify(execFile)(atoll, ["service", ...args, "--json"], { cwd: folder, env });
  return JSON.parse(stdout);
}

function service<Value>(...args: string[]): Promise<Value> {
  return desktop.json<Value>("service", ...args);
}

async function listed(): Promise<Row | undefined> {
  return (await service<Row[]>("list")).find(({ name }) => name === "words");
}

async function ownVm(): Promise<VmView | undefined> {
  return (await desktop.vms()).find(({ name }) => name === "words");
}

async function inGuest(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await desktop.atoll("exec", "words", "--", ...argv);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
}

/** Of the service's program; the small image has no pgrep. */
async function programPid(): Promise<string> {
  const script = "for one in /proc/[0-9]*; do grep -qs count-word[s].py $one/cmdline && echo ${one#/proc/}; done; true";
  return (await inGuest("sh", "-c", script)).trim();
}

test("a new folder is valid, says where it is broken, and answers a job without the application", async () => {
  await alone("new", "words");
  expect(await alone("validate", "words")).toEqual({ ok: true, problems: [] });
  const manifest = path.join(folder, "words/service.yaml");
  const text = fs.readFileSync(manifest, "utf8");
  fs.writeFileSync(manifest, text.replace("memory: 256", "memori: 256"));
  const broken = alone("validate", "words").catch(
    (error: unknown) => JSON.parse((error as { stdout: string }).stdout) as unknown,
  );
  const line = text.split("\n").indexOf("memory: 256") + 1;
  expect(await broken).toEqual({
    ok: false,
    problems: [{ file: manifest, line, column: 1, reason: "memori: there is no such field" }],
  });
  fs.writeFileSync(manifest, text);
  fs.writeFileSync(path.join(folder, "job.json"), JSON.stringify({ text: "a b c" }));
  expect(await alone("run-once", "words", "job.json")).toEqual({ words: 3 });
  expect(fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith("atoll-once-"))).toEqual([]);
});

test("it is installed with its sheet, starts, is healthy, and passes its tests", async () => {
  const sheet = await service<{ rights: Row["rights"]; installed: boolean }>("install", path.join(folder, "words"));
  expect(sheet).toMatchObject({ name: "words", version: "1.0.0", installed: false });
  expect(sheet.rights.filter(({ asked }) => asked)).toEqual([]);
  expect(await listed()).toBeUndefined();
  await service("install", path.join(folder, "words"), "--yes");
  expect(await listed()).toMatchObject({ name: "words", state: "stopped", health: null, vm: "words" });
  expect(await service<Row>("start", "words")).toMatchObject({ state: "running", health: "ok" });
  const vm = await ownVm();
  expect(vm).toMatchObject({ name: "words", role: "service", state: "running", network: "none" });
  const results = await service<{ name: string; ok: boolean }[]>("test", "words");
  expect(results.filter(({ ok }) => !ok)).toEqual([]);
  expect(results.map(({ name }) => name)).toContain("not asked: Reaches the internet");
  expect(await service("info", "words")).toMatchObject({
    status: "2 texts counted",
    panels: [{ table: "counted", rows: [{ words: 4 }, { words: 0 }] }, { kind: "log" }],
  });
});

test("it has no network, whatever it tries", async () => {
  expect((await inGuest("ls", "/sys/class/net")).trim()).toBe("lo");
});

test("its VM is the service's: it is not changed or removed by itself, and its name is taken", async () => {
  const vm = async (...args: string[]) => JSON.parse((await desktop.atoll("vm", ...args, "--json")).stderr) as unknown;
  expect(await vm("set", "words", "--memory", "512")).toMatchObject({ error: { code: "vm.unsupported" } });
  await expect(vm("remove", "words")).resolves.toMatchObject({ error: { code: "vm.unsupported" } });
  const taken = await vm("create", "words", "--template", "debian", "--label", "blue");
  expect(taken).toMatchObject({ error: { code: "vm.name-taken" } });
});

test("settings are in force when they are answered, also those that a person edits", async () => {
  expect(await service("settings", "words", "longest=5", "ignored=a,b")).toEqual({ longest: 5, ignored: ["a", "b"] });
  const failed = await service<{ ok: boolean; detail: string }[]>("test", "words").catch(() => null);
  expect(failed).toBeNull();
  const wrong = await desktop.atoll("service", "settings", "words", "longest=0", "--json");
  expect([wrong.code, JSON.parse(wrong.stderr)]).toMatchObject([1, { error: { code: "service.bad-setting" } }]);
  fs.writeFileSync(path.join(desktop.home, "config/services/words.yaml"), "longest: 1000\n");
  await expect.poll(() => service("settings", "words")).toEqual({ longest: 1_000, ignored: [] });
  await expect.poll(async () => (await desktop.atoll("service", "test", "words")).code).toBe(0);
});

test("a program that is killed is started again by the guest, and a VM that is killed by the supervisor", async () => {
  const before = await programPid();
  await inGuest("sh", "-c", `kill -9 ${before}`);
  const texts = async () => (await service<ServiceLogLine[]>("log", "words")).map(({ text }) => text);
  await expect.poll(texts, { timeout: 60_000 }).toContain("the program has ended; the guest starts it again");
  await expect.poll(async () => (await listed())?.health, { timeout: 60_000 }).toBe("ok");
  expect(await programPid()).not.toBe(before);
  const vm = await ownVm();
  process.kill(desktop.qemuPid(vm?.id as never), "SIGKILL");
  const ended = async () => (await texts()).some((text) => /its VM has ended.*it is started again/.test(text));
  await expect.poll(ended, { timeout: 30_000 }).toBe(true);
  await expect.poll(async () => (await listed())?.health, { timeout: 120_000 }).toBe("ok");
});

test("it goes on when the application is killed, and is taken over by the next one", async () => {
  const vm = await ownVm();
  const pid = desktop.qemuPid(vm?.id as never);
  await desktop.crash();
  await desktop.start();
  await expect.poll(async () => (await listed())?.health, { timeout: 60_000 }).toBe("ok");
  expect(desktop.qemuPid(vm?.id as never)).toBe(pid);
});

test("it is stopped, and removed with all that was its own", async () => {
  expect(await service<Row>("stop", "words")).toMatchObject({ state: "stopped", health: null });
  await service("remove", "words");
  expect(await listed()).toBeUndefined();
  expect((await desktop.vms()).map(({ name }) => name)).not.toContain("words");
  const left = ["config", "state"].flatMap((name) =>
    fs
      .readdirSync(path.join(desktop.home, name), { recursive: true, encoding: "utf8" })
      .filter((file) => /words/.test(file)),
  );
  expect(left).toEqual([]);
});
