/**
 * Signatures of the antivirus on real VMs: a person's own are tried in another VM, used in its place, and can be gone back from; what
 * is broken is refused, and nothing has changed.
 */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { ServiceView } from "#shared/model/service.ts";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
import { writePolicy } from "./support/prepare.ts";

/** In two parts, so that no scanner takes this file for it. */
const EICAR = Buffer.from(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].join(""));
const OWN = Buffer.from("<a mark that only this test knows>");
const OWN_SIGNATURE = "Mine.Mark.UNOFFICIAL";
interface Quarantined {
  path: string;
  state: string;
}

let desktop: TestDesktop;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  desktop = await TestDesktop.open({ home: "lagoon" }, prepare);
  await desktop.isRunning("home");
  await desktop.atoll("exec", "home", "--", "mkdir", "in");
  await put("in/clean.txt", Buffer.from("hello"));
  await put("in/eicar.com", EICAR);
  await put("in/own.txt", OWN);
  const started = await desktop.atoll("service", "start", "antivirus");
  expect(started, started.stderr).toMatchObject({ code: 0 });
});

test.afterAll(async () => {
  await desktop.close();
});

function prepare(home: string): void {
  writePolicy(home, []);
}

async function put(name: string, content: Uint8Array): Promise<void> {
  expect((await desktop.pipe(content, "exec", "home", "--", "sh", "-c", `cat > ${name}`)).code).toBe(0);
}

/** By file, what was found in it, or its verdict. */
async function scanned(): Promise<Record<string, string>> {
  const { stdout, stderr } = await desktop.atoll("scan", "--json", "home:in");
  expect(stderr).toBe("");
  const files = JSON.parse(stdout) as ScannedFile[];
  return Object.fromEntries(
    files.map(({ path: name, engines: [one] }) => [name, one?.signature ?? one?.verdict ?? ""]),
  );
}

function signatures(text: string): Promise<CommandResult> {
  const file = path.join(desktop.home, "own.ndb");
  fs.writeFileSync(file, text);
  return desktop.atoll("service", "settings", "antivirus", `signatures=@${file}`);
}

async function kept(): Promise<[string, string][]> {
  return (await desktop.json<Quarantined[]>("quarantine", "list")).map(({ path: name, state }) => [name, state]);
}

const BEFORE = { "in/clean.txt": "clean", "in/eicar.com": "Eicar-Test-Signature.UNOFFICIAL", "in/own.txt": "clean" };
const AFTER = { ...BEFORE, "in/own.txt": OWN_SIGNATURE };

test("a person's own signatures are used after they were tried, and what was kept is there still", async () => {
  test.setTimeout(300_000);
  expect(await scanned()).toEqual(BEFORE);
  expect(await kept()).toEqual([["in/eicar.com", "kept"]]);
  const given = await signatures(`# mine\nMine.Mark:0:*:${OWN.toString("hex")}\n`);
  expect(given, given.stderr).toMatchObject({ code: 0 });
  expect(await scanned()).toEqual(AFTER);
  await expect.poll(kept).toEqual([
    ["in/own.txt", "kept"],
    ["in/eicar.com", "kept"],
  ]);
});

test("signatures that are broken are refused with the reason, and the ones that are used stay", async () => {
  test.setTimeout(300_000);
  const none = await signatures("hello world\n");
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("line 1 of the file is no signature")]);
  const broken = await signatures("Bad.One:0:*:41424\n");
  expect([broken.code, broken.stderr]).toEqual([1, expect.stringMatching(/stay as they were.*Malformed database/)]);
  expect(await scanned()).toEqual(AFTER);
});

test("going back takes one command, and lasts", async () => {
  test.setTimeout(300_000);
  const back = await desktop.atoll("service", "back", "antivirus");
  expect(back, back.stderr).toMatchObject({ code: 0 });
  expect(await scanned()).toEqual(BEFORE);
  const again = await desktop.atoll("service", "back", "antivirus");
  expect(again, again.stderr).toMatchObject({ code: 0 });
  expect(await scanned()).toEqual(AFTER);
});

test("it is started again with the desktop, with the signatures that it had, until it is stopped", async () => {
  test.setTimeout(600_000);
  const ended = desktop.ended();
  expect((await desktop.atoll("quit", "--stop-vms")).code).toBe(0);
  await ended;
  await desktop.start();
  await desktop.isRunning("home");
  await expect
    .poll(async () => (await desktop.json<ServiceView>("service", "info", "antivirus")).health, { timeout: 300_000 })
    .toBe("ok");
  expect(await scanned()).toEqual(AFTER);
  await desktop.atoll("service", "stop", "antivirus");
  const known = JSON.parse(fs.readFileSync(path.join(desktop.home, "state/services.json"), "utf8")) as object;
  expect(known).toMatchObject({ antivirus: { wanted: false } });
});
