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
import { pathsBelow } from "./support/files-below.ts";

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

/** Of a section of docs/services.md, in their order. */
function blocksOf(section: string): { kind: string; file: string; text: string }[] {
  const docs = fs.readFileSync(path.resolve(import.meta.dirname, "../docs/services.md"), "utf8");
  const [, text = ""] = new RegExp(`^## ${section}\\n(.*?)^## `, "ms").exec(docs) ?? [];
  return Array.from(text.matchAll(/^```(\w+) ?(\S*)\n(.*?)^```$/gms), ([, kind = "", file = "", code = ""]) => ({
    ...{ kind, file, text: code },
  }));
}

/** A line of the page at a shell: what it says. KEY is what the owner of the index has told. */
async function typed(line: string): Promise<string> {
  const env = { ...process.env, ATOLL_HOME: desktop.home, PATH: `${path.dirname(atoll)}:${process.env["PATH"] ?? ""}` };
  const { key } = line.includes("KEY")
    ? await desktop.json<{ key: string }>("service", "index", "add", path.join(folder, "shop"))
    : { key: "" };
  const options = { cwd: folder, env, maxBuffer: 1 << 24 };
  const { stdout } = await promisify(execFile)("bash", ["-ec", line.replace("KEY", key)], options);
  return stdout;
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

test("a folder says where it is broken", async () => {
  await alone("new", "broken");
  const manifest = path.join(folder, "broken/service.yaml");
  const text = fs.readFileSync(manifest, "utf8");
  fs.writeFileSync(manifest, text.replace("memory: 256", "memori: 256"));
  const broken = alone("validate", "broken").catch(
    (error: unknown) => JSON.parse((error as { stdout: string }).stdout) as unknown,
  );
  const line = text.split("\n").indexOf("memory: 256") + 1;
  expect(await broken).toEqual({
    ok: false,
    problems: [{ file: manifest, line, column: 1, reason: "memori: there is no such field" }],
  });
});

test('"Your first service in an afternoon" is as docs/services.md says, word by word', async () => {
  const said = new Map<string, string>();
  for (const { kind, file, text } of blocksOf("Your first service in an afternoon")) {
    if (kind !== "sh") fs.writeFileSync(path.join(folder, file), text);
    else for (const line of text.trimEnd().split("\n")) said.set(line, await typed(line));
  }
  expect(JSON.parse(said.get("atoll service run-once words") ?? "")).toEqual({ words: 4 });
  expect(fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith("atoll-once-"))).toEqual([]);
  expect(said.get("atoll service install words")).toMatch(/not signed.*Nothing is installed yet/s);
  expect(said.get("atoll service test words")).toMatch(/^ok .*not asked: Reaches the internet$/m);
  expect(said.get("atoll service test words")).not.toMatch(/FAIL/);
  expect(said.get('atoll service index add "$PWD/shop"')).toMatch(/Index shop 1.*Nothing is added yet/s);
  expect(said.get("atoll service index update")).toBe("shop: 1 is 2 now.\n");
  expect(said.get("atoll service install words --from shop")).toMatch(/In the place of 1\.0\.0/);
  expect(said.get("atoll service install words --from shop --yes")).toMatch(/^Service words 1\.1\.0 is installed\.$/m);
  expect(said.get("atoll service back words --version")).toBe("Service words is version 1.0.0 again.\n");
  expect(await listed()).toMatchObject({ version: "1.0.0", state: "running", health: "ok" });
  expect(await ownVm()).toMatchObject({ name: "words", role: "service", state: "running", network: "none" });
});

test("a version that asks for more says so, and one that fails its tests is dropped while the old one goes on", async () => {
  const manifest = path.join(folder, "shop/words/service.yaml");
  const text = fs.readFileSync(manifest, "utf8");
  const worse = text.replace('"1.1.0"', '"1.2.0"').replace("words: 4", "words: 5");
  fs.writeFileSync(manifest, worse.replace("rights: {}", "rights: { serves: [vault] }"));
  await typed("atoll service sign shop/words");
  await typed("atoll service index sign shop");
  expect(await service("index", "update", "shop")).toEqual([{ name: "shop", version: 3, before: 2, problem: null }]);
  const added = ["Sees the traffic of vaults whose network goes by it"];
  expect(await service("install", "words", "--from", "shop")).toMatchObject({ version: "1.2.0", added });
  const pid = desktop.qemuPid((await ownVm())?.id as never);
  const { code, stderr } = await desktop.atoll("service", "install", "words", "--from", "shop", "--yes", "--json");
  expect([code, JSON.parse(stderr)]).toMatchObject([1, { error: { code: "service.update-failed" } }]);
  expect(stderr).toMatch(/a sentence has its words: it answered.*1\.0\.0 goes on/);
  expect(await listed()).toMatchObject({ version: "1.0.0", health: "ok" });
  expect(desktop.qemuPid((await ownVm())?.id as never)).toBe(pid);
  expect((await desktop.vms()).map(({ name }) => name)).not.toContain("words-next");
});

test("what its program says is shown", async () => {
  await service("test", "words");
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
  await expect.poll(texts, { timeout: 120_000 }).toContain("the program has ended; the guest starts it again");
  await expect.poll(async () => (await listed())?.health, { timeout: 240_000 }).toBe("ok");
  expect(await programPid()).not.toBe(before);
  const vm = await ownVm();
  process.kill(desktop.qemuPid(vm?.id as never), "SIGKILL");
  const ended = async () => (await texts()).some((text) => /its VM has ended.*it is started again/.test(text));
  await expect.poll(ended, { timeout: 120_000 }).toBe(true);
  await expect.poll(async () => (await listed())?.health, { timeout: 240_000 }).toBe("ok");
});

test("it goes on when the application is killed, and is taken over by the next one", async () => {
  const vm = await ownVm();
  const pid = desktop.qemuPid(vm?.id as never);
  await desktop.crash();
  await desktop.start();
  await expect.poll(async () => (await listed())?.health, { timeout: 240_000 }).toBe("ok");
  expect(desktop.qemuPid(vm?.id as never)).toBe(pid);
});

test("it is stopped, and removed with all that was its own", async () => {
  expect(await service<Row>("stop", "words")).toMatchObject({ state: "stopped", health: null });
  await service("remove", "words");
  expect(await listed()).toBeUndefined();
  expect((await desktop.vms()).map(({ name }) => name)).not.toContain("words");
  const left = ["config", "state"].flatMap((name) =>
    pathsBelow(path.join(desktop.home, name)).filter((file) => file.includes("words")),
  );
  expect(left).toEqual([]);
});
