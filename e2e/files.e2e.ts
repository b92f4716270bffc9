/** Files between VMs and the host, by the command, on real guests. */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";
import { pasteAll } from "./support/file-managers.ts";
import { newestTransferIs, pausedTransfer, type TransferRow as Row } from "./support/transfers.ts";

/** web may send nothing to home; all else may. */
const POLICY = `rules:
  - action: file.send
    from: web
    to: home
    decision: deny
  - action: file.send
    from: "@host"
    to: "@any"
    decision: allow
  - action: file.send
    from: "@any"
    to: "@host"
    decision: allow
  - action: file.send
    from: "@any"
    to: "@any"
    decision: allow
  - action: exec
    from: "@host"
    to: "@any"
    decision: allow
tests: []
`;

interface Copied {
  files: number;
  bytes: number;
  seconds: number;
  skipped: { path: string; reason: string }[];
  refused: { path: string; reason: string }[];
}

let desktop: TestDesktop;
/** Of the host's files. */
let folder: string;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) =>
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY),
  );
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll files "));
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
});

test.afterAll(async () => {
  await desktop.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** As `sha256sum` in a guest says it. */
async function guestSha256(vm: string, file: string): Promise<string> {
  return (await desktop.atoll("exec", vm, "--", "sha256sum", file)).stdout.split(" ")[0] ?? "";
}

function cp(...words: string[]): Promise<Copied> {
  return desktop.json<Copied>("cp", ...words);
}

/** A copy that goes on while the test does. */
function copying(...words: string[]): { child: ChildProcess; ended: Promise<number | null> } {
  const child = spawn(path.resolve(import.meta.dirname, "../bin/atoll"), ["cp", ...words], {
    env: { ...process.env, ATOLL_HOME: desktop.home },
    stdio: "ignore",
  });
  return { child, ended: new Promise((resolve) => child.once("exit", resolve)) };
}

const transferIs = (state: string): Promise<Row> => newestTransferIs(desktop, state);
const pausedAbove = (above: number, move: () => unknown): Promise<Row> => pausedTransfer(desktop, above, move);

test("a file goes from the host through two VMs and comes back, byte for byte", async () => {
  const bytes = randomBytes(3_000_001);
  fs.writeFileSync(at("random.bin"), bytes);
  expect(await cp(at("random.bin"), "home:")).toMatchObject({
    files: 1,
    bytes: bytes.length,
    skipped: [],
    refused: [],
  });
  expect(await cp("home:random.bin", "web:in/there/")).toMatchObject({ files: 1, bytes: bytes.length });
  expect(await guestSha256("web", "in/there/random.bin")).toBe(sha256(bytes));
  expect(await cp("web:in/there/random.bin", at("back.bin"))).toMatchObject({ files: 1 });
  expect(sha256(fs.readFileSync(at("back.bin")))).toBe(sha256(bytes));
});

test("what is there already stays: the same is skipped, another gets another name", async () => {
  expect(await cp(at("random.bin"), "home:")).toMatchObject({ files: 0, skipped: [{ path: "random.bin" }] });
  fs.writeFileSync(at("other"), "other");
  fs.renameSync(at("other"), at("random.bin"));
  expect(await cp(at("random.bin"), "home:")).toMatchObject({ files: 1, skipped: [] });
  expect(await desktop.read("home", "random (2).bin")).toBe("other");
});

test("a folder of 600 small files arrives whole", async () => {
  const small = at("small");
  for (let index = 0; index < 600; index += 1) {
    const file = path.join(small, `${index % 20}`, `file ${index}.txt`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, `content of ${index}\n`.repeat(index % 50));
  }
  expect(await cp(small, "home:")).toMatchObject({ files: 600, refused: [] });
  expect(await cp("home:small", "web:")).toMatchObject({ files: 600, refused: [] });
  expect(await cp("web:small", at("small-back"))).toMatchObject({ files: 600, refused: [] });
  for (let index = 0; index < 600; index += 1) {
    const name = path.join(`${index % 20}`, `file ${index}.txt`);
    expect(fs.readFileSync(path.join(at("small-back"), name), "utf8")).toBe(
      fs.readFileSync(path.join(small, name), "utf8"),
    );
  }
});

test("names are names, whatever they look like; what can be no name elsewhere is refused, and links stay", async () => {
  const names = at("names");
  fs.mkdirSync(names);
  const good = ["-rf", "a b  c", "🐚 emoji.png", "שלום.txt", "é".repeat(127), "$(id) `id` %s"];
  for (const name of good) fs.writeFileSync(path.join(names, name), name);
  fs.writeFileSync(path.join(names, "line\nfeed"), "");
  fs.symlinkSync("/etc/passwd", path.join(names, "link"));
  const result = await desktop.atoll("cp", "--json", names, "web:");
  expect(result.code).toBe(1);
  const copied = JSON.parse(result.stdout) as Copied;
  expect(copied.files).toBe(good.length);
  expect(copied.refused).toContainEqual({ path: "names/line\nfeed", reason: "name" });
  expect(copied.refused).toContainEqual({ path: "names/link", reason: "symlink" });
  for (const name of good) expect(await desktop.read("web", `names/${name}`)).toBe(name);
  expect((await desktop.atoll("exec", "web", "--", "sh", "-c", "ls -A names | wc -l")).stdout.trim()).toBe(
    `${good.length}`,
  );
});

test("what the policy denies is exit code 3, and what makes no sense 2", async () => {
  expect(await desktop.atoll("cp", "web:in/there/random.bin", "home:")).toMatchObject({ code: 3 });
  expect(await desktop.atoll("cp", at("random.bin"), at("copy"))).toMatchObject({ code: 2 });
  expect(await desktop.atoll("cp", "home:a", "home:b")).toMatchObject({ code: 2 });
  const gone = await desktop.atoll("cp", "--json", "home:nothing-there", "web:");
  expect(gone.code).toBe(1);
  expect(JSON.parse(gone.stdout)).toMatchObject({ files: 0, refused: [{ path: "nothing-there", reason: "gone" }] });
});

/** What the program that has this machine's files has open, beside its standard streams. */
function openInHostProgram(): string[] {
  const isIt = (pid: string): boolean => {
    try {
      const [program = "", ...words] = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      return path.basename(program) === "atoll-files" && words.includes(folder);
    } catch {
      return false; // no process, or one that has ended
    }
  };
  const open = path.join("/proc", fs.readdirSync("/proc").find(isIt) ?? "none", "fd");
  const numbers = fs.readdirSync(open).filter((number) => Number(number) > 2);
  return numbers.map((number) => fs.readlinkSync(path.join(open, number)));
}

test("a copy is paused, goes on, and is cancelled without a trace", async () => {
  const large = Buffer.alloc(100_000_000, randomBytes(65_536));
  fs.writeFileSync(at("large.bin"), large);
  const copies: ReturnType<typeof copying>[] = [];
  const copy = (): unknown => copies.push(copying(at("large.bin"), "home:"));
  const { id, doneBytes } = await pausedAbove(0, copy);
  expect(openInHostProgram().filter((name) => !name.startsWith(folder))).toEqual([]);
  const resume = (): Promise<Row> => desktop.json<Row>("transfer", "resume", `${id}`);
  expect(await pausedAbove(doneBytes, resume)).toMatchObject({ id });
  expect(await desktop.json<Row>("transfer", "cancel", `${id}`)).toMatchObject({ state: "cancelled" });
  expect(await copies[0]?.ended).toBe(1);
  const left = await desktop.atoll("exec", "home", "--", "find", ".", "-name", "large.bin*", "-o", "-name", ".atoll-*");
  expect(left.stdout).toBe("");
  // Ctrl+C does the same.
  await pausedAbove(0, copy);
  copies[1]?.child.kill("SIGINT");
  await copies[1]?.ended;
  await transferIs("cancelled");
  expect(
    (await desktop.atoll("exec", "home", "--", "find", ".", "-name", "large.bin*", "-o", "-name", ".atoll-*")).stdout,
  ).toBe("");
});

test("a source whose own disk is full sends all the same", async () => {
  await desktop.atoll("exec", "home", "--", "sh", "-c", "echo last words > words.txt");
  const { code, stderr } = await desktop.atoll(
    "exec",
    "home",
    "--",
    "sh",
    "-c",
    'fallocate -l "$(df --output=avail -B1 . | tail -n 1)" fill; while echo more >> fill; do :; done; true',
  );
  expect([code, stderr]).toEqual([0, expect.stringContaining("No space left on device")]);
  expect((await desktop.atoll("exec", "home", "--", "sh", "-c", "echo x > more.txt")).code).not.toBe(0);
  expect(await cp("home:words.txt", "web:")).toMatchObject({ files: 1, refused: [] });
  expect(await desktop.read("web", "words.txt")).toBe("last words\n");
  await desktop.atoll("exec", "home", "--", "rm", "fill");
});

test("a VM that is paused in the middle of a copy stops it there, and it goes on with the VM", async () => {
  const copies: ReturnType<typeof copying>[] = [];
  const { id } = await pausedAbove(0, () => copies.push(copying(at("large.bin"), "home:paused/")));
  await desktop.json("vm", "pause", "home");
  await desktop.json("transfer", "resume", `${id}`);
  const row = await transferIs("moving");
  expect(row.doneBytes).toBeLessThan(row.bytes);
  await desktop.json("vm", "resume", "home");
  expect(await copies[0]?.ended).toBe(0);
  expect(await guestSha256("home", "paused/large.bin")).toBe(sha256(fs.readFileSync(at("large.bin"))));
  await desktop.atoll("exec", "home", "--", "rm", "-r", "paused");
});

test("files that are copied in a file manager are pasted in the file manager of another VM", async () => {
  await desktop.atoll(
    "exec",
    "home",
    "--",
    "sh",
    "-c",
    "mkdir out && echo one > out/one.txt && echo two > 'out/two 🐚.txt'",
  );
  await desktop.atoll("exec", "web", "--", "mkdir", "into");
  await pasteAll(desktop, {
    from: { vm: "home", folder: "out" },
    to: { vm: "web", folder: "into" },
    arrived: async () => (await desktop.read("web", "into/one.txt")) === "one\n",
  });
  await expect.poll(() => desktop.read("web", "into/two 🐚.txt")).toBe("two\n");
  expect(await desktop.read("home", "out/one.txt")).toBe("one\n");
});

test("after a crash of the application in the middle a file is whole or absent, and the transfer goes on where it was", async () => {
  let ended: Promise<number | null> | undefined;
  await pausedAbove(0, () => ({ ended } = copying(at("large.bin"), "home:")));
  await desktop.crash();
  await ended;
  await desktop.start();
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
  expect((await desktop.atoll("exec", "home", "--", "test", "-e", "large.bin")).code).toBe(1);
  const row = await transferIs("interrupted");
  await desktop.json("transfer", "resume", `${row.id}`);
  await transferIs("done");
  expect(await guestSha256("home", "large.bin")).toBe(sha256(fs.readFileSync(at("large.bin"))));
});
