/** A VM that is joined with the internet itself (`network: direct`), on an internet of the tests. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
import { HOST_ADDRESSES, TestInternet } from "./support/test-internet.ts";

test.skip(process.getuid?.() !== 0, "only root can make an internet that the application's own user is in");

let internet: TestInternet;
let desktop: TestDesktop;

test.beforeAll(async () => {
  internet = await TestInternet.open();
  desktop = await TestDesktop.open(
    { web: "coral" },
    (home) => fs.appendFileSync(path.join(home, "config/vms/web.yaml"), "network: direct\n"),
    internet,
  );
  await desktop.isRunning("web");
  await isJoined();
});

test.afterAll(async () => {
  await desktop.close();
  await internet.close();
});

/** Its carrier says that frames pass. */
async function isJoined(): Promise<void> {
  const carrier = ["sh", "-c", "cat /sys/class/net/e*/carrier"];
  await expect.poll(async () => (await inGuest(...carrier)).stdout.trim(), { timeout: 180_000 }).toBe("1");
}

function inGuest(...argv: string[]): Promise<CommandResult> {
  return desktop.atoll("exec", "web", "--", ...argv);
}

function curl(url: string, ...options: string[]): Promise<CommandResult> {
  return inGuest("curl", "--silent", "--show-error", "--insecure", "--max-time", "30", ...options, url);
}

test("reaches servers by name, by both families, and an address", async () => {
  expect(await curl("http://good.example/", "-4")).toMatchObject({
    code: 0,
    stdout: "hello from 198.18.0.10 for good.example\n",
  });
  expect(await curl("http://good.example/", "-6")).toMatchObject({
    code: 0,
    stdout: "hello from 2001:2:0:113::10 for good.example\n",
  });
  expect(await curl("https://alias.test/", "-4")).toMatchObject({
    code: 0,
    stdout: "hello from 198.18.0.13 for alias.test\n",
  });
  expect(await curl("http://198.18.0.12/")).toMatchObject({ code: 0 });
});

test("does not reach the host: neither its loopback nor an address that it has, or gets later", async () => {
  const later = "93.184.100.100";
  // They answer where nothing keeps who asks from them.
  for (const address of HOST_ADDRESSES)
    expect(internet.run("curl", "--silent", "--max-time", "30", `http://${bracketed(address)}/`)).toContain("hello");
  internet.run("ip", "address", "add", `${later}/32`, "dev", "lo");
  const refused = [...HOST_ADDRESSES, later, "10.137.0.1", "10.137.0.5", "fd00:137:1::1", "127.0.0.1", "::1"];
  for (const address of refused)
    expect(await curl(`http://${bracketed(address)}/`, "--max-time", "3"), address).not.toMatchObject({ code: 0 });
  for (const name of ["private.test", "loopback.test"])
    expect(await curl(`http://${name}/`, "--max-time", "3"), name).not.toMatchObject({ code: 0 });
  // The VM's loopback is its own, so what is meant for the host's has to be said to the gateway.
  const raw = ["curl", "--silent", "--max-time", "3", "--connect-to", "::10.137.0.5:", "http://127.0.0.1/"];
  expect(await inGuest(...raw)).not.toMatchObject({ code: 0 });
  expect(await curl("http://good.example/")).toMatchObject({ code: 0 });
});

test("is marked in the top bar", async () => {
  const page = await desktop.page();
  await expect(page.getByRole("button", { name: /^web, .*direct network$/ })).toBeVisible();
});

test("goes on after its relay and what speaks for it were killed", async () => {
  for (const program of ["atoll-relay", "passt"]) {
    // With the relay before it what has spoken for that one has to end, too.
    await expect.poll(() => pidsOf(program).length).toBe(1);
    const pids = pidsOf(program);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await expect
      .poll(async () => (await curl("http://good.example/", "--max-time", "10")).code, { timeout: 180_000 })
      .toBe(0);
    expect(pidsOf(program)).not.toEqual(pids);
  }
});

test("has no network while the application does not run, and has one again after its restart", async () => {
  await desktop.crash();
  await expect.poll(() => [...pidsOf("atoll-relay"), ...pidsOf("passt")]).toEqual([]);
  await desktop.start();
  await desktop.isRunning("web");
  await isJoined();
  expect(await curl("http://good.example/")).toMatchObject({ code: 0 });
});

test("loses it at once when its definition has none", async () => {
  expect(await desktop.json("vm", "set", "web", "--network", "none")).toMatchObject({ network: "none" });
  await expect.poll(() => pidsOf("atoll-relay")).toEqual([]);
  expect(await curl("http://198.18.0.10/", "--max-time", "3")).not.toMatchObject({ code: 0 });
  expect(await desktop.json("vm", "set", "web", "--network", "direct")).toMatchObject({ network: "direct" });
  await isJoined();
  expect(await curl("http://good.example/")).toMatchObject({ code: 0 });
});

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** Of the processes of this test's application that run this program. */
function pidsOf(program: string): number[] {
  const namespace = internet.run("readlink", "/proc/self/ns/net").trim();
  const pids = fs.readdirSync("/proc").map(Number);
  return pids.filter((pid) => pid > 0 && isIn(namespace, pid, program));
}

function isIn(namespace: string, pid: number, program: string): boolean {
  try {
    const isThere = fs.readlinkSync(`/proc/${pid}/ns/net`) === namespace;
    return isThere && fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim().startsWith(program);
  } catch {
    return false; // it has ended meanwhile
  }
}
