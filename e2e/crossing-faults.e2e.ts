/** What the policy's file and the log of crossings go through while the application runs: mistakes, a full disk, those who read along. */
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { expect, type Page, test } from "@playwright/test";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";
import { scriptedVm, takePut } from "./support/scripted-vm.ts";

const POLICY = `rules:
  - {action: clipboard.paste, from: "@host", to: target, decision: allow}
  - {action: file.send, from: "@host", to: target, decision: allow}
tests: []
`;
const DENIED = 3;
/** Only root can make a small disk. */
const isRoot = process.getuid?.() === 0;

interface AuditEntry {
  seq: number;
  from: string;
  to: string;
  bytes: number | null;
  decision: string;
}

let desktop: TestDesktop;
let page: Page;
let agent: ScriptedAgent;

const state = (home: string): string => path.join(home, "state");

test.beforeAll(async () => {
  desktop = await TestDesktop.open({}, (home) => {
    fs.mkdirSync(state(home));
    if (isRoot) execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m,mode=0700", "tmpfs", state(home)]);
    fs.mkdirSync(path.join(home, "config"), { recursive: true });
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY);
  });
  page = await desktop.page();
  agent = await scriptedVm(desktop, "target", "coral");
  void takeTexts();
});

test.afterAll(async () => {
  agent.close();
  await desktop.close(() => isRoot && execFileSync("umount", ["--lazy", state(desktop.home)]));
});

function write(policy: string): void {
  fs.writeFileSync(path.join(desktop.home, "config/policy.yaml"), policy);
}

/** What the VM was given. */
const texts: string[] = [];

async function takeTexts(): Promise<never> {
  for (;;) {
    const { stream } = await agent.hear("clipPut");
    // Offered as a type that the history does not ask for.
    texts.push((await takePut(agent, stream, ["image/png"])).bytes.toString());
  }
}

/** How the command ends that gives the VM a text. */
async function put(text: string): Promise<number | null> {
  const { code } = await desktop.pipe(Buffer.from(text), "clipboard", "put", "target");
  expect(texts.includes(text)).toBe(code === 0);
  return code;
}

test("a mistake in the file lets nothing cross and is told in the bar, until it is mended", async () => {
  expect(await put("before")).toBe(0);
  write(POLICY.replace("allow", "perhaps"));
  await expect(page.getByRole("button", { name: "1 broken file" })).toBeVisible();
  expect(await put("meanwhile")).toBe(DENIED);
  const listed = await desktop.atoll("policy", "list");
  expect(listed.stderr).toMatch(/policy\.yaml:2:/);
  write(POLICY);
  await expect(page.getByRole("button", { name: "1 broken file" })).toHaveCount(0);
  expect(await put("after")).toBe(0);
});

test("rules whose tests fail are not taken, and policy test says which", async () => {
  const failing = "tests:\n  - {name: never, action: clipboard.paste, from: '@host', to: target, expect: deny}\n";
  write(POLICY.replace("tests: []\n", failing));
  await expect(page.getByRole("button", { name: "1 broken file" })).toBeVisible();
  const tried = await desktop.atoll("policy", "test");
  expect(tried).toMatchObject({ code: 1 });
  expect(tried.stdout).toMatch(/never +deny +allow +FAILED/);
  // The rules before are in force.
  expect(await put("all the same")).toBe(0);
  write(POLICY.replace("tests: []\n", failing.replace("deny", "allow")));
  await expect(page.getByRole("button", { name: "1 broken file" })).toHaveCount(0);
  expect(await desktop.atoll("policy", "test")).toMatchObject({ code: 0 });
});

test("a command follows the log, and another lists what is not too old", async () => {
  const follower = spawn(path.join(import.meta.dirname, "../bin/atoll"), ["audit", "--follow", "--json"], {
    env: { ...process.env, ATOLL_HOME: desktop.home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const seen: AuditEntry[] = [];
  readline.createInterface(follower.stdout).on("line", (line) => seen.push(JSON.parse(line) as AuditEntry));
  const before = (await desktop.json<AuditEntry[]>("audit")).length;
  await expect.poll(() => seen.length).toBe(before);
  expect(await put("followed")).toBe(0);
  await expect.poll(() => seen.slice(before)).toMatchObject([{ from: "@host", to: "target", decision: "allow" }]);
  follower.kill();

  const recent = await desktop.json<AuditEntry[]>("audit", "--since", "3600");
  expect(recent.map(({ seq }) => seq)).toEqual(Array.from({ length: before + 1 }, (_, at) => at + 1));
  // A second that has gone by since; what is written in it would be listed.
  await expect.poll(() => desktop.json<AuditEntry[]>("audit", "--since", "1")).toEqual([]);
});

test("while the disk of the log is full nothing crosses and the bar says so; then all goes on, and the chain is whole", async () => {
  test.skip(!isRoot, "only root can make a small disk (mount)");
  const ballast = path.join(state(desktop.home), "ballast");
  try {
    for (;;) fs.appendFileSync(ballast, Buffer.alloc(64 * 1024));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
  }
  // What is left of the log's last page can still be written.
  let tries = 0;
  await expect.poll(() => put(`while it is full ${(tries += 1)}`), { intervals: [0] }).toBe(DENIED);
  await expect(page.getByRole("button", { name: "1 broken file" })).toBeVisible();
  expect(await put("still")).toBe(DENIED);
  // No file, either: the target's VM is not even told of it.
  const sent = await desktop.atoll("cp", import.meta.filename, "target:");
  expect(sent, sent.stderr).toMatchObject({ code: DENIED });
  fs.rmSync(ballast);
  await expect.poll(() => put(`again ${(tries += 1)}`)).toBe(0);
  await expect(page.getByRole("button", { name: "1 broken file" })).toHaveCount(0);
  expect(await desktop.json("audit", "--verify")).toMatchObject({ ok: true, firstBad: null });
  expect(fs.readFileSync(path.join(state(desktop.home), "audit.jsonl"), "utf8")).toMatch(/refused meanwhile/);
});

test("an entry that somebody has changed is found, with its number", async () => {
  const file = path.join(state(desktop.home), "audit.jsonl");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("target", "nobody"));
  const verified = await desktop.atoll("audit", "--verify", "--json");
  expect(verified.code).toBe(1);
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: false, firstBad: 1 });
});
