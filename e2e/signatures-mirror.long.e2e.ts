/**
 * The service that fetches signatures on a test internet, from a mirror with a database that those who publish ClamAV's have signed:
 * it reaches the antivirus, which has no network; one that is cut, changed or not signed does not, and is told.
 */
import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "@playwright/test";
import { stringify } from "yaml";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { ServiceView } from "#shared/model/service.ts";
import { TestDesktop } from "./support/desktop.ts";
import { pathsBelow } from "./support/files-below.ts";
import { noteNotices, type NotedNotices } from "./support/notices.ts";
import { writePolicy } from "./support/prepare.ts";
import { TestInternet } from "./support/test-internet.ts";

test.skip(process.getuid?.() !== 0, "the test internet is made by root");

type Info = ServiceView & { panels: { rows?: Record<string, unknown>[] }[] };

const SIGNED = fs.readFileSync(path.join(import.meta.dirname, "support/internet/clamav-test.cvd"));
const HEAD_BYTES = 512;
/** The bytes that a signature of it looks for: nothing else finds anything in them. */
const KNOWN = "Win.Worm.Klez-1";
const LOOKED_FOR = Buffer.from(
  new RegExp(`${KNOWN}:0:\\*:([0-9a-f]+)`, "u").exec(gunzipSync(SIGNED.subarray(HEAD_BYTES)).toString("latin1"))?.[1] ??
    "",
  "hex",
);
/** VMs boot and databases are read, where all of it is emulated. */
const COMES_UP = { timeout: 300_000 };

let internet: TestInternet;
let desktop: TestDesktop;
let notices: NotedNotices;

test.beforeAll(async () => {
  test.setTimeout(900_000);
  internet = await TestInternet.open();
  internet.publish("test.cvd", SIGNED.subarray(0, 9_000));
  desktop = await TestDesktop.open({ home: "lagoon" }, prepare, internet);
  // The service looks at once when it runs: what is told of that may be gone before a test begins.
  notices = await noteNotices(await desktop.page());
  await desktop.isRunning("home");
  await desktop.pipe(LOOKED_FOR, "exec", "home", "--", "sh", "-c", "cat > looked-for");
  for (const service of ["antivirus", "signatures"]) {
    const started = await desktop.atoll("service", "start", service);
    expect(started, started.stderr).toMatchObject({ code: 0 });
  }
});

test.afterAll(async () => {
  await desktop.close();
  await internet.close();
});

function prepare(home: string): void {
  writePolicy(home, []);
  fs.mkdirSync(path.join(home, "config/services"), { recursive: true });
  const settings = { mirror: "http://good.example", databases: ["test"] };
  fs.writeFileSync(path.join(home, "config/services/signatures.yaml"), stringify(settings));
}

/** What the service says of its last look. */
async function fetched(): Promise<Record<string, unknown>> {
  const info = await desktop.json<Info>("service", "info", "signatures");
  return info.panels[0]?.rows?.[0] ?? {};
}

/** Other settings are a reason to look at once. */
async function look(hours: number): Promise<void> {
  const set = await desktop.atoll("service", "settings", "signatures", `everyHours=${hours}`);
  expect(set, set.stderr).toMatchObject({ code: 0 });
}

async function found(): Promise<string | undefined> {
  const { stdout } = await desktop.atoll("scan", "--json", "home:looked-for");
  const engine = (JSON.parse(stdout) as ScannedFile[])[0]?.engines[0];
  return engine?.signature ?? engine?.verdict;
}

function withoutSignature(): Buffer {
  const parts = SIGNED.subarray(0, HEAD_BYTES).toString("latin1").split(":");
  const head = parts.with(6, "x".repeat(parts[6]?.length ?? 0)).join(":");
  return Buffer.concat([Buffer.from(head, "latin1"), SIGNED.subarray(HEAD_BYTES)]);
}

function changed(): Buffer {
  const copy = Buffer.from(SIGNED);
  copy[5_000] = (copy[5_000] ?? 0) ^ 1;
  return copy;
}

test("what is cut, changed or not signed is not taken, and the desktop tells why", async () => {
  test.setTimeout(600_000);
  const refusal = { set: "", problem: expect.stringContaining("Can't verify database integrity") as unknown };
  await expect.poll(fetched, COMES_UP).toMatchObject(refusal);
  await notices.has(/New signatures were not taken: .*verify database integrity/);
  for (const [hours, content] of [changed(), withoutSignature()].entries()) {
    internet.publish("test.cvd", content);
    await look(hours + 5);
    const log = async (): Promise<string> => (await desktop.atoll("service", "log", "signatures")).stdout;
    await expect.poll(async () => (await log()).split("new signatures were not taken").length - 1).toBe(hours + 2);
    expect(await fetched()).toMatchObject(refusal);
  }
  expect(await found()).toBe("clean");
});

test("what is signed reaches the antivirus, which has no network, and is used", async () => {
  test.setTimeout(600_000);
  internet.publish("test.cvd", SIGNED);
  await look(8);
  await expect.poll(fetched, COMES_UP).toMatchObject({ databases: "test 6", count: 14, problem: "" });
  // A name without the ending that clamd gives to what nobody has signed.
  await expect.poll(found, COMES_UP).toBe(KNOWN);
  const antivirus = await desktop.json<Info>("service", "info", "antivirus");
  const { rights } = await desktop.json<Info>("service", "info", "signatures");
  expect(antivirus.panels[0]?.rows).toMatchObject([{ engine: "ClamAV", count: 18 }]);
  expect(antivirus.rights.find(({ id }) => id === "uplink")).toMatchObject({ has: false });
  expect(rights.filter(({ has }) => has).map(({ id }) => id)).toEqual(["uplink", "gives-signatures"]);
  // Nothing of it is on this computer.
  expect(pathsBelow(desktop.home).filter((name) => name.endsWith(".cvd"))).toEqual([]);
});
