/**
 * The antivirus on real VMs: what a rule lets through only when it was scanned arrives when it is clean, and is held when something
 * is found in it, when not all of it can be looked at, and when the scanner dies.
 */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { PNG } from "pngjs";
import { stringify } from "yaml";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { ServiceView } from "#shared/model/service.ts";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";
import { chooseOfAtoll, openFolder, pasteAll } from "./support/file-managers.ts";
import { noteNotices } from "./support/notices.ts";
import { zip } from "../main/files/testing/zip.ts";

/** In two parts, so that no scanner takes this file for it. */
const EICAR = Buffer.from(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].join(""));
/** As the command prints it. */
interface Quarantined {
  id: number;
  path: string;
  from: string;
  to: string | null;
  state: string;
  now: { verdict: string } | null;
}
type Info = ServiceView & { panels: { rows?: object[] }[] };

const SIGNATURE = "Eicar-Test-Signature.UNOFFICIAL";

let desktop: TestDesktop;
/** What a copy and a scan came to before the scanner was started. */
let before: { copied: CommandResult; scanned: CommandResult };

test.beforeAll(async () => {
  test.setTimeout(600_000);
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, prepare);
  await Promise.all([desktop.isRunning("home"), desktop.isRunning("web")]);
  await put("plain.txt", Buffer.from("hello"));
  before = { copied: await copy("plain.txt"), scanned: await desktop.atoll("scan", "home:plain.txt") };
  await startFromIcon();
  const started = await desktop.atoll("service", "start", "antivirus");
  expect(started, started.stderr).toMatchObject({ code: 0 });
});

test.afterAll(async () => {
  await desktop.close();
});

function prepare(home: string): void {
  const any = { from: "@host", to: "@any", decision: "allow" };
  const rules = [
    { action: "exec", ...any },
    { action: "file.send", from: "home", to: "web", scan: true, decision: "allow" },
    { action: "file.send", from: "home", to: "home", decision: "allow" },
    { action: "clipboard.paste", from: "home", to: "web", decision: "allow" },
    { action: "file.open", from: "home", to: "web", scan: true, unscanned: "ask", decision: "allow" },
    { action: "file.open", from: "home", to: "@disposable", decision: "allow" },
    { action: "file.send", from: "web", to: "home", scan: true, unscanned: "ask", decision: "allow" },
  ];
  fs.writeFileSync(path.join(home, "config/policy.yaml"), stringify({ rules }));
}

async function put(name: string, content: Uint8Array, vm = "home"): Promise<void> {
  const { code } = await desktop.pipe(content, "exec", vm, "--", "sh", "-c", `cat > ${name}`);
  expect(code).toBe(0);
}

/** A person wants a file of the desktop scanned, is told that no scanner runs, and starts one. */
async function startFromIcon(): Promise<void> {
  const page = await desktop.page();
  await desktop.atoll("exec", "home", "--", "mkdir", "-p", "Desktop");
  await put("Desktop/plain.txt", Buffer.from("hello"));
  await page.getByRole("option", { name: "plain.txt, home" }).click({ button: "right" });
  await page.getByRole("menuitem", { name: "Scan" }).click();
  const notices = page.getByRole("region", { name: "Notifications" });
  await expect(notices.getByText(/plain\.txt.* was not scanned: no scanner runs\./)).toBeVisible();
  await notices.getByText("Start antivirus").click();
  await expect.poll(async () => (await desktop.json<Info>("service", "info", "antivirus")).state).not.toBe("stopped");
}

function copy(name: string): Promise<CommandResult> {
  return desktop.atoll("cp", `home:${name}`, "web:");
}

async function scan(...words: string[]): Promise<{ code: number; files: ScannedFile[] }> {
  const { code, stdout, stderr } = await desktop.atoll("scan", "--json", ...words);
  expect(stderr).toBe("");
  return { code, files: JSON.parse(stdout) as ScannedFile[] };
}

async function isAt(vm: string, name: string): Promise<boolean> {
  return (await desktop.atoll("exec", vm, "--", "test", "-e", name)).code === 0;
}

/** In the antivirus VM, where there is no tool for it. */
function signalClamd(signal: string): Promise<CommandResult> {
  const script = `
import os, signal
for pid in filter(str.isdigit, os.listdir("/proc")):
    if os.path.realpath("/proc/" + pid + "/exe") == "/usr/sbin/clamd":
        os.kill(int(pid), signal.${signal})
`;
  return desktop.atoll("exec", "antivirus", "--", "python3", "-c", script);
}

test("without a scanner what a rule wants scanned is denied, and a scan says what to do", () => {
  const { copied, scanned } = before;
  expect([copied.code, copied.stderr]).toEqual([3, expect.stringContaining("no scanner is running")]);
  expect([scanned.code, scanned.stderr]).toEqual([1, expect.stringContaining("atoll service start antivirus")]);
});

test("the service says what its signatures are", async () => {
  const info = await desktop.json<Info>("service", "info", "antivirus");
  expect(info).toMatchObject({ state: "running", health: "ok", status: expect.stringMatching(/^\d+ signatures, /) });
  expect(info.panels[0]?.rows).toMatchObject([{ engine: "ClamAV", signatures: expect.any(String) }]);
});

test("it goes on from its memory, in which its signatures are, once that is kept", async () => {
  const antivirus = (await desktop.vms()).find(({ name }) => name === "antivirus");
  if (antivirus === undefined) throw new Error("no antivirus");
  // Kept by this run, or by an earlier one.
  if (desktop.originOf(antivirus.id) === "cold") {
    const log = path.join(desktop.home, "state/atoll.log");
    const said = 'memory snapshot of template "service antivirus"';
    await expect.poll(() => fs.readFileSync(log, "utf8").includes(said), { timeout: 300_000 }).toBe(true);
  }
  await desktop.atoll("service", "stop", "antivirus");
  const begun = performance.now();
  expect((await desktop.atoll("service", "start", "antivirus")).code).toBe(0);
  test.info().annotations.push({ type: "ready", description: `${Math.round(performance.now() - begun)} ms` });
  expect(desktop.originOf(antivirus.id)).toBe("fork");
  await put("again.com", Buffer.concat([EICAR, Buffer.from("\n")]));
  expect((await scan("home:again.com")).files).toMatchObject([{ verdict: "found" }]);
});

test("a scan says of each file what it is", async () => {
  const inZip = zip("eicar.com", EICAR);
  await desktop.atoll("exec", "home", "--", "mkdir", "in");
  await put("in/clean.txt", Buffer.from("hello"));
  await put("in/empty", Buffer.alloc(0));
  // Half of it in one chunk, and half in the next, whatever power of two these are.
  const before = Buffer.alloc(2 ** 19 - EICAR.length / 2, 1);
  await put("in/large", Buffer.concat([before, EICAR, Buffer.alloc(300_000, 2)]));
  await put("in/one.zip", inZip);
  await put("in/two.zip", zip("one.zip", inZip));
  await put("in/secret.zip", zip("eicar.com", EICAR, { isEncrypted: true }));
  await put("in/bomb.zip", zip("zeros", Buffer.alloc(100_000_000)));
  await desktop.atoll("exec", "home", "--", "truncate", "-s", "10G", "in/sparse");
  const { code, files } = await scan("home:in");
  expect(code).toBe(1);
  const said = files.map(({ path: name, verdict, engines }) => [name, verdict, engines.map((one) => one.signature)]);
  expect(said).toEqual([
    ["in/bomb.zip", "not-scanned", [null]],
    ["in/clean.txt", "clean", [null]],
    ["in/empty", "clean", [null]],
    ["in/large", "found", [SIGNATURE]],
    ["in/one.zip", "found", [SIGNATURE]],
    ["in/secret.zip", "not-scanned", ["Heuristics.Encrypted.Zip"]],
    ["in/sparse", "not-scanned", [null]],
    ["in/two.zip", "found", [SIGNATURE]],
  ]);
  expect(files.find(({ path: name }) => name === "in/sparse")?.sha256).toBeNull();
  expect((await scan("home:in/clean.txt")).code).toBe(0);
  // Nothing of it is left in the antivirus VM.
  await expect
    .poll(async () => (await desktop.atoll("exec", "antivirus", "--", "find", "/tmp/atoll-scan", "-type", "f")).stdout)
    .toBe("");
  const { rights } = await desktop.json<Info>("service", "info", "antivirus");
  expect(rights.filter(({ has }) => has).map(({ id }) => id)).toEqual(["scanned-files"]);
});

test("a guest's own command has its files scanned, and the desktop tells it", async () => {
  await put("eicar.txt", EICAR);
  await put("clean.txt", Buffer.from("hello"));
  const notices = await noteNotices(await desktop.page());
  const both = await desktop.atoll("exec", "home", "--", "atoll-scan", "eicar.txt", "clean.txt");
  expect([both.code, both.stderr]).toEqual([1, ""]);
  expect(both.stdout).toMatch(/\/eicar\.txt: found \(Eicar-Test-Signature\.UNOFFICIAL was found in it \(ClamAV\)\)\n/);
  expect(both.stdout).toMatch(/\/clean\.txt: clean\n$/);
  await notices.has(/eicar\.txt.* in home: Eicar-Test-Signature/);
  const clean = await desktop.atoll("exec", "home", "--", "atoll-scan", "clean.txt");
  expect([clean.code, clean.stderr]).toEqual([0, ""]);
  const pipe = await desktop.atoll("exec", "home", "--", "sh", "-c", "mkfifo pipe && atoll-scan pipe missing");
  expect([pipe.code, pipe.stdout, pipe.stderr]).toEqual([
    2,
    expect.stringContaining("/pipe: not-scanned (it was not scanned: there is no file in it)"),
    expect.stringContaining("missing: "),
  ]);
});

test("a person scans a file by its menu in a guest's file manager, and the desktop tells what is in it", async () => {
  await desktop.atoll("exec", "web", "--", "mkdir", "menu");
  await put("menu/menu.com", EICAR, "web");
  const manager = await openFolder(desktop, { vm: "web", folder: "menu" });
  const page = await desktop.page();
  const notices = page.getByRole("region", { name: "Notifications" });
  const told = notices.getByText(new RegExp(`menu\\.com.* in web: ${SIGNATURE} was found in it`));
  const prompt = page.getByRole("alertdialog");
  await chooseOfAtoll(desktop, manager, async () => {
    await expect(told.or(prompt).first()).toBeVisible({ timeout: 30_000 });
    // Of another entry, "Send to VM…".
    if (await prompt.isVisible()) await page.keyboard.press("Escape");
    await expect(prompt).toBeHidden();
    await expect(told).toBeVisible();
  });
  await desktop.json("window", "close", manager.id);
});

test("a clean file passes, and one in which something is found is held with the signature's name", async () => {
  const passed = await copy("plain.txt");
  expect(passed, passed.stderr).toMatchObject({ code: 0 });
  expect(await desktop.read("web", "plain.txt")).toBe("hello");
  await put("eicar.com", EICAR);
  const held = await copy("eicar.com");
  expect([held.code, held.stderr]).toEqual([1, expect.stringContaining(SIGNATURE)]);
  const machine = await desktop.atoll("cp", "--json", "home:eicar.com", "web:");
  expect(JSON.parse(machine.stdout)).toMatchObject({ refused: [{ path: "eicar.com", reason: "scan.found" }] });
  await put("secret.zip", zip("a", Buffer.from("secret"), { isEncrypted: true }));
  const unseen = await desktop.atoll("cp", "--json", "home:secret.zip", "web:");
  expect(JSON.parse(unseen.stdout)).toMatchObject({ refused: [{ path: "secret.zip", reason: "scan.not-scanned" }] });
  expect([await isAt("web", "eicar.com"), await isAt("web", "secret.zip")]).toEqual([false, false]);
});

test("of files that are pasted what is found stays, and the others arrive", async () => {
  await desktop.atoll("exec", "home", "--", "sh", "-c", "mkdir out && echo one > out/one.txt");
  await put("out/pasted.com", EICAR);
  await desktop.atoll("exec", "web", "--", "mkdir", "into");
  await pasteAll(desktop, {
    from: { vm: "home", folder: "out" },
    to: { vm: "web", folder: "into" },
    arrived: () => isAt("web", "into/one.txt"),
  });
  await expect
    .poll(async () => (await desktop.json<{ failed: number }[]>("transfer", "list"))[0])
    .toMatchObject({ from: "home", failed: 1 });
  expect(await isAt("web", "into/pasted.com")).toBe(false);
});

test("what is found in a file is not opened in another VM", async () => {
  await put("opened.com", EICAR);
  const opened = await desktop.atoll("open", "--from", "home", "--in", "web", "opened.com");
  expect([opened.code, opened.stderr]).toEqual([1, expect.stringContaining(SIGNATURE)]);
  const found = await desktop.atoll("exec", "web", "--", "find", ".", "-name", "opened.com");
  expect([found.code, found.stdout]).toEqual([0, ""]);
});

test("a file at which the scanner dies is looked at in a VM of its own, and the scanner works again by itself", async () => {
  const names = async (): Promise<string[]> => (await desktop.vms()).map(({ name }) => name);
  await put("late.txt", Buffer.from("late"));
  expect((await signalClamd("SIGSTOP")).code).toBe(0);
  const copied = copy("late.txt");
  await expect
    .poll(async () => (await desktop.json<{ state: string }[]>("transfer", "list"))[0]?.state)
    .toBe("scanning");
  expect(await names()).not.toContain("antivirus-fork");
  expect((await signalClamd("SIGKILL")).code).toBe(0);
  const passed = await copied;
  expect(passed, passed.stderr).toMatchObject({ code: 0 });
  expect(await desktop.read("web", "late.txt")).toBe("late");
  expect(fs.readFileSync(path.join(desktop.home, "state/services.json"), "utf8")).not.toContain("fork");
  expect(await names()).not.toContain("antivirus-fork");
  await put("later.txt", Buffer.from("later"));
  await expect.poll(async () => (await scan("home:later.txt")).files).toMatchObject([{ verdict: "clean" }]);
});

test("a file that is another one when it was scanned does not arrive", async () => {
  await put("turns.txt", Buffer.alloc(EICAR.length, "x"));
  expect((await signalClamd("SIGSTOP")).code).toBe(0);
  const copied = copy("turns.txt");
  await expect
    .poll(async () => (await desktop.json<{ state: string }[]>("transfer", "list"))[0]?.state)
    .toBe("scanning");
  // Its bytes are with the scanner, which says that they are clean.
  await expect
    .poll(async () => (await desktop.atoll("exec", "antivirus", "--", "find", "/tmp/atoll-scan", "-type", "f")).stdout)
    .not.toBe("");
  await put("turns.txt", EICAR);
  expect((await signalClamd("SIGCONT")).code).toBe(0);
  expect(await copied).toMatchObject({ code: 1 });
  expect(await isAt("web", "turns.txt")).toBe(false);
  const held = await copy("turns.txt");
  expect([held.code, held.stderr]).toEqual([1, expect.stringContaining(SIGNATURE)]);
});

test("a file is looked at in a VM of its own, which is gone afterwards, when a person asks for that", async () => {
  // A stopped engine answers nothing: it is not asked.
  expect((await signalClamd("SIGSTOP")).code).toBe(0);
  const { files } = await scan("--alone", "home:eicar.com");
  expect(files).toMatchObject([{ verdict: "found", engines: [{ signature: SIGNATURE }] }]);
  expect((await signalClamd("SIGCONT")).code).toBe(0);
  expect((await desktop.vms()).map(({ name }) => name)).not.toContain("antivirus-fork");
});

test("what was held is in quarantine after the service was started again, and is restored when the person says so", async () => {
  const list = (): Promise<Quarantined[]> => desktop.json("quarantine", "list");
  const page = await desktop.page();
  await desktop.atoll("service", "stop", "antivirus");
  expect(new Set((await list()).map(({ state }) => state))).toEqual(new Set(["away"]));
  expect((await desktop.atoll("service", "start", "antivirus")).code).toBe(0);
  await expect.poll(async () => (await list()).every(({ state }) => state === "kept")).toBe(true);
  const [file] = (await list()).filter((one) => one.path === "eicar.com");
  expect(file).toMatchObject({
    ...{ bytes: EICAR.length, verdict: "found", service: "antivirus" },
    ...{ from: "home", to: "web" },
    engines: [{ name: "ClamAV", signature: SIGNATURE }],
  });
  // Nothing of it is on this computer.
  expect(fs.readFileSync(path.join(desktop.home, "state/quarantine.json")).includes("EICAR-STANDARD")).toBe(false);
  const id = String(file?.id);
  const prompt = page.getByRole("alertdialog");
  const denied = desktop.atoll("quarantine", "restore", id);
  await expect(prompt).toContainText(`${SIGNATURE} was found in it (ClamAV)`);
  await prompt.getByRole("button", { name: "Deny" }).click();
  expect(await denied).toMatchObject({ code: 3 });
  const restored = desktop.atoll("quarantine", "restore", id);
  await prompt.getByRole("button", { name: "Send once" }).click();
  expect(await restored, (await restored).stderr).toMatchObject({ code: 0 });
  expect(await desktop.read("web", "Incoming/antivirus/eicar.com")).toBe(EICAR.toString());
  expect((await list()).map((one) => one.id)).not.toContain(file?.id);
});

test("of two files of the same bytes each is restored under its own name to its own VM", async () => {
  const page = await desktop.page();
  const TWIN = Buffer.concat([EICAR, Buffer.from("\n\n")]);
  const entry = async (name: string): Promise<Quarantined | undefined> =>
    (await desktop.json<Quarantined[]>("quarantine", "list")).find((one) => one.path === name);
  const copies = async (): Promise<string[]> => {
    const found = await desktop.atoll("exec", "antivirus", "--", "find", "kept/quarantine", "-type", "f");
    expect(found).toMatchObject({ code: 0 });
    return found.stdout.split("\n").filter((line) => line.includes(".twin"));
  };
  await put("first.twin", TWIN);
  await put("second.twin", TWIN);
  await scan("home:first.twin");
  expect(await copy("second.twin")).toMatchObject({ code: 1 });
  expect(await copies()).toEqual([expect.stringMatching(/\/first\.twin$/)]);
  expect([await entry("first.twin"), await entry("second.twin")]).toMatchObject([
    { from: "home", to: null },
    { from: "home", to: "web" },
  ]);
  for (const [name, vm, left] of [
    ["second.twin", "web", 1],
    ["first.twin", "home", 0],
  ] as const) {
    const restored = desktop.atoll("quarantine", "restore", String((await entry(name))?.id));
    const prompt = page.getByRole("alertdialog");
    await expect(prompt).toContainText(name);
    await prompt.getByRole("button", { name: "Send once" }).click();
    const { code, stdout, stderr } = await restored;
    expect([code, stdout, stderr]).toEqual([0, `It is there: /home/user/Incoming/antivirus/${name}\n`, ""]);
    expect(await desktop.read(vm, `Incoming/antivirus/${name}`)).toBe(TWIN.toString());
    expect(await entry(name)).toBeUndefined();
    await expect.poll(async () => (await copies()).length).toBe(left);
  }
});

test("what is in quarantine is shown at the service, and is deleted from its VM", async () => {
  const page = await desktop.page();
  const files = await desktop.json<Quarantined[]>("quarantine", "list");
  const secret = files.find((one) => one.path === "secret.zip");
  expect(secret).toMatchObject({ verdict: "not-scanned", to: "web" });
  await page.keyboard.press("Meta+p");
  await page.getByRole("tab", { name: /^Services/ }).click();
  await page.getByRole("radio", { name: /^antivirus/ }).click();
  const row = page.getByRole("list", { name: "Quarantine" }).getByRole("listitem").filter({ hasText: "“secret.zip”" });
  await row.getByRole("button", { name: "Delete…" }).click();
  await row.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(row).toHaveCount(0);
  await page.keyboard.press("Escape");
  const kept = await desktop.atoll("exec", "antivirus", "--", "ls", "-R", "kept/quarantine");
  expect(kept).toMatchObject({ code: 0, stdout: expect.not.stringContaining("secret.zip") });
  expect((await desktop.json<unknown[]>("quarantine", "list")).length).toBe(files.length - 1);
});

test("of a file that could not be scanned the person decides, where the rule says so", async () => {
  await put("locked.zip", zip("a", Buffer.from("secret"), { isEncrypted: true }), "web");
  const prompt = (await desktop.page()).getByRole("alertdialog");
  const back = (): Promise<CommandResult> => desktop.atoll("cp", "web:locked.zip", "home:");
  const denied = back();
  await expect(prompt).toContainText("locked.zip is held: it was not scanned: it is encrypted (ClamAV).");
  await prompt.getByRole("button", { name: "Deny" }).click();
  expect((await denied).code).toBe(1);
  expect(await isAt("home", "locked.zip")).toBe(false);
  const allowed = back();
  await prompt.getByRole("button", { name: "Send once" }).click();
  expect(await allowed, (await allowed).stderr).toMatchObject({ code: 0 });
  expect(await isAt("home", "locked.zip")).toBe(true);
  const detail: unknown = expect.stringContaining("let through: locked.zip is held");
  expect(await desktop.json("audit", "--since", "600")).toContainEqual(
    expect.objectContaining({ by: "person", detail }),
  );
});

test("of a picture that could not be scanned a safe copy is offered, before the file itself", async () => {
  const image = new PNG({ width: 20, height: 10 });
  await put("picture.png", Buffer.concat([PNG.sync.write(image), Buffer.from("MSCF\0\0\0\0")]));
  const prompt = (await desktop.page()).getByRole("alertdialog");
  const opening = desktop.atoll("open", "--json", "--from", "home", "--in", "web", "picture.png");
  await expect(prompt).toContainText("picture.png is held: it was not scanned: an archive of this kind (cabinet)");
  const answers = await prompt.getByRole("button").allTextContents();
  expect(answers.indexOf("Open a safe copy")).toBeGreaterThan(-1);
  expect(answers.indexOf("Open a safe copy")).toBeLessThan(answers.findIndex((words) => /once/i.test(words)));
  await prompt.getByRole("button", { name: "Open a safe copy" }).click();
  const opened = await opening;
  expect(opened, opened.stderr).toMatchObject({ code: 0 });
  const safe = { path: "/home/user/picture-safe.pdf", pages: 1 };
  expect(JSON.parse(opened.stdout)).toMatchObject({ vm: "home", decision: "safe", safe });
  const found = await desktop.atoll("exec", "web", "--", "find", ".", "-name", "picture*");
  expect([found.code, found.stdout]).toEqual([0, ""]);
});

test("a download is scanned as it comes, and what is found in it is told and kept", async () => {
  const notices = await noteNotices(await desktop.page());
  await desktop.atoll("exec", "web", "--", "mkdir", "-p", "Downloads");
  await put("Downloads/plain.txt", Buffer.from("hello"), "web");
  await put("Downloads/offer.zip", zip("offer.com", Buffer.concat([EICAR, Buffer.from("\n")])), "web");
  await notices.has(/offer\.zip.* in web: Eicar-Test-Signature\.UNOFFICIAL was found in it/);
  await expect
    .poll(async () => (await desktop.json<Quarantined[]>("quarantine", "list"))[0])
    .toMatchObject({ path: "offer.zip", from: "web", to: null, state: "kept" });
});

test("a person's own signatures are tried in another VM, and used in its place with all that was kept", async () => {
  const list = (): Promise<Quarantined[]> => desktop.json("quarantine", "list");
  const before = (await list()).map(({ id }) => id);
  const OWN = Buffer.from("<a mark that only this test knows>");
  await put("own.txt", OWN);
  expect((await scan("home:own.txt")).files).toMatchObject([{ verdict: "clean" }]);
  // They are not known yet when one is opened, and another one comes in a folder.
  await put("opened.txt", OWN);
  const opened = await desktop.atoll("open", "--from", "home", "--in", "web", "opened.txt");
  expect(opened, opened.stderr).toMatchObject({ code: 0 });
  await desktop.atoll("exec", "web", "--", "mkdir", "Downloads/saved");
  await put("Downloads/saved/deep.txt", OWN, "web");
  const file = path.join(desktop.home, "own.ndb");
  fs.writeFileSync(file, `Mine.Mark:0:*:${OWN.toString("hex")}\n`);
  const notices = await noteNotices(await desktop.page());
  const given = await desktop.atoll("service", "settings", "antivirus", `signatures=@${file}`);
  expect(given, given.stderr).toMatchObject({ code: 0 });
  const found = { verdict: "found", engines: [{ signature: "Mine.Mark.UNOFFICIAL" }] };
  expect((await scan("home:own.txt")).files).toMatchObject([found]);
  // Another VM has them, which went on from the memory of the service.
  const antivirus = (await desktop.vms()).find(({ name }) => name === "antivirus");
  expect(antivirus === undefined ? "none" : desktop.originOf(antivirus.id)).toBe("fork");
  await notices.has(/opened\.txt.* in home: Mine\.Mark\.UNOFFICIAL was found in it/);
  await notices.has(/deep\.txt.* in web: Mine\.Mark\.UNOFFICIAL was found in it/);
  const known = async (): Promise<[number, string][]> => (await list()).map(({ id, state }) => [id, state]);
  await expect
    .poll(async () => (await known()).filter(([id]) => before.includes(id)))
    .toEqual(before.map((id) => [id, "kept"]));

  // One that was no malware is taken back with the signatures that had it.
  const taken = await desktop.atoll("service", "back", "antivirus");
  expect(taken, taken.stderr).toMatchObject({ code: 0 });
  await notices.has(/opened\.txt.* in home: with new signatures, nothing is found in it/);
  await notices.has(/deep\.txt.* in web: with new signatures, nothing is found in it/);
  await notices.has(/in quarantine: with new signatures, nothing is found in it/);
  const own = async (): Promise<object[]> => (await list()).filter(({ id }) => !before.includes(id));
  const count = (await own()).length;
  expect(count).toBeGreaterThan(0);
  // Each by itself.
  await expect
    .poll(own)
    .toMatchObject(Array.from({ length: count }, () => ({ state: "kept", now: { verdict: "clean" } })));
  const told = (): Promise<object[]> => desktop.json("audit", "--since", "900");
  const scans = { action: "file.scan", from: "web", to: "antivirus", by: "scanner" };
  const cleared = "deep.txt: with new signatures, nothing is found in it; before, Mine.Mark.UNOFFICIAL was found in it";
  for (const [decision, words] of [
    ["deny", "deep.txt: Mine.Mark.UNOFFICIAL was found in it"],
    ["allow", cleared],
  ]) {
    const detail: unknown = expect.stringContaining(words ?? "");
    await expect.poll(told).toContainEqual(expect.objectContaining({ ...scans, decision, detail }));
  }
  // Of what is in quarantine, too.
  const kept = {
    ...scans,
    from: "home",
    decision: "allow",
    detail: expect.stringContaining(": in quarantine, ") as unknown,
  };
  await expect.poll(told).toContainEqual(expect.objectContaining(kept));
  const page = await desktop.page();
  await page.keyboard.press("Meta+p");
  await page.getByRole("tab", { name: /^Policy/ }).click();
  const timeline = page.getByRole("complementary", { name: "Crossings" });
  await timeline.getByRole("button").filter({ hasText: "clean" }).first().click();
  await expect(timeline.getByText(/with new signatures, nothing is found in it; before, Mine\.Mark/)).toBeVisible();
  await page.keyboard.press("Escape");
  // What has been found in it since, is in it still.
  const others = (await list()).filter(({ id }) => before.includes(id));
  expect(others.map(({ now }) => now)).toEqual(others.map(() => null));
});

test("a second scanner holds what it alone knows, and what both say stands side by side", async () => {
  const MARK = "ATOLL-TEST-RULE-5b1f0c7e";
  const started = await desktop.atoll("service", "start", "yara");
  expect(started, started.stderr).toMatchObject({ code: 0 });
  await desktop.atoll("exec", "home", "--", "mkdir", "two");
  await put("two/clean.txt", Buffer.from("hello"));
  await put("two/eicar.com", EICAR);
  await put("two/mark.zip", zip("mark", Buffer.from(`<${MARK}>`)));
  await put("two/run.sh", Buffer.from("#!/bin/sh\necho aGk= | base64 -d | sh\n"));
  const { files } = await scan("home:two");
  const said = files.map(({ path: name, verdict, engines }) => [
    ...[name, verdict],
    Object.fromEntries(engines.map((one) => [one.name, one.signature ?? one.verdict])),
  ]);
  expect(said).toEqual([
    ["two/clean.txt", "clean", { ClamAV: "clean", YARA: "clean" }],
    ["two/eicar.com", "found", { ClamAV: SIGNATURE, YARA: "clean" }],
    ["two/mark.zip", "found", { ClamAV: "clean", YARA: "Atoll_Test_Rule" }],
    ["two/run.sh", "suspicious", { ClamAV: "clean", YARA: "Script_Runs_What_It_Decodes" }],
  ]);
  const held = await copy("two/mark.zip");
  expect([held.code, held.stderr]).toEqual([1, expect.stringContaining("Atoll_Test_Rule was found in it (YARA)")]);
  const kept = (await desktop.json<Quarantined[]>("quarantine", "list")).find(({ path: name }) => name === "mark.zip");
  expect(kept).toMatchObject({ service: "yara", state: "kept", to: "web" });
  // What is left of it when that scanner goes is said to be away.
  await desktop.atoll("service", "stop", "yara");
  const away = await desktop.atoll("quarantine", "delete", String(kept?.id));
  expect([away.code, away.stderr]).toEqual([1, expect.stringContaining("atoll service start yara")]);
});
