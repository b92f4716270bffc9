/** Bad input from outside: each is a clear error with the contract's code, and nothing is lost. */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import type { VmView } from "#shared/model/vm.ts";
import { type CommandResult, TestDesktop } from "./support/desktop.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({});
});

test.afterAll(async () => {
  await desktop.close();
});

function errorOf({ stderr }: CommandResult): { code: string; message: string; details: Record<string, unknown> } {
  return (JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as { error: ReturnType<typeof errorOf> }).error;
}

async function failure(...words: string[]): Promise<{ exit: number } & ReturnType<typeof errorOf>> {
  // Behind a "--" it would be a word like any other.
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const result = await desktop.atoll(...words.toSpliced(end, 0, "--json"));
  return { exit: result.code, ...errorOf(result) };
}

const stateFile = (vm: VmView, name: string): string => path.join(desktop.home, "state/vms", vm.id, name);

const hostileNames = [
  "'/><script>alert(1)</script>",
  "../../etc/passwd",
  "a/b",
  ".",
  "",
  "A",
  "a b",
  "a\nb",
  "ü",
  "a".repeat(32),
  "a".repeat(5000),
  "$(reboot)",
  "%s",
];

test("a hostile VM name is refused when it is new, and unknown otherwise", async () => {
  for (const name of hostileNames) {
    expect(await failure("vm", "create", "--label", "rose", "--", name)).toMatchObject({
      exit: 2,
      code: "vm.bad-name",
    });
    expect(fs.readdirSync(path.join(desktop.home, "config/vms"))).toEqual([]);
    expect(await failure("vm", "start", "--", name)).toMatchObject({ exit: 1, code: "vm.not-found" });
  }
});

test("a label, a template, a size and a network that there are not are refused, and no VM is made", async () => {
  const create = (...words: string[]) => failure("vm", "create", "new", ...words);
  expect(await create("--label", "pink")).toMatchObject({ exit: 2, code: "usage.bad-argument" });
  expect(await create("--label", "rose", "--template", "../x")).toMatchObject({ exit: 1, code: "template.not-found" });
  for (const size of ["0", "-1", "1.5", "127", "lots", "1e99"])
    expect(await create("--label", "rose", "--memory", size)).toMatchObject({ exit: 2, code: "usage.bad-argument" });
  expect(await create("--label", "rose", "--network", "shared")).toMatchObject({ exit: 2, code: "usage.bad-argument" });
  expect(await desktop.vms()).toEqual([]);
});

test("recipes that are broken, or name packages that there are not, are reported with file and line", async () => {
  const folder = path.join(desktop.home, "config/templates");
  fs.mkdirSync(folder);
  const recipe = (name: string, packages: string): void =>
    fs.writeFileSync(
      path.join(folder, `${name}.yaml`),
      `name: ${name}\ndescription: x\nfrom: debian\npackages: ${packages}\n`,
    );
  recipe("broken", "[Not A Package]");
  recipe("unknown", "[no-such-package-anywhere]");
  const list = await desktop.atoll("template", "list");
  expect(list.code).toBe(0);
  expect(list.stdout).toContain("unknown");
  expect(list.stderr).toContain(`${path.join(folder, "broken.yaml")}:4:12: packages.0`);
  expect(await failure("template", "build", "broken")).toMatchObject({
    exit: 1,
    code: "template.bad-recipe",
    details: { line: 4, column: 12 },
  });
  expect(await failure("template", "build", "unknown")).toMatchObject({
    exit: 1,
    code: "template.unknown-package",
    details: { packages: ["no-such-package-anywhere"] },
  });
  await desktop.json("vm", "create", "unbuilt", "--label", "rose", "--template", "unknown");
  expect(await failure("vm", "start", "unbuilt")).toMatchObject({ exit: 1, code: "template.not-built" });
  await desktop.json("vm", "remove", "unbuilt");
});

test("a damaged disk is reported and not changed", async () => {
  const vm = await desktop.json<VmView>("vm", "create", "damaged", "--label", "rose");
  await desktop.json("vm", "start", "damaged");
  await desktop.json("vm", "kill", "damaged", "--wait");
  const disk = stateFile(vm, "disk.qcow2");
  const whole = fs.readFileSync(disk);
  const broken = Buffer.from(whole).fill(0xa5, 0, 64);
  fs.writeFileSync(disk, broken);
  expect(await failure("vm", "start", "damaged")).toMatchObject({
    exit: 1,
    code: "hardware.disk-broken",
    message: expect.stringContaining(disk) as unknown as string,
  });
  expect(fs.readFileSync(disk).equals(broken)).toBe(true);
  fs.writeFileSync(disk, whole);
  const record = JSON.parse(fs.readFileSync(stateFile(vm, "disk.json"), "utf8")) as object;
  fs.writeFileSync(stateFile(vm, "disk.json"), JSON.stringify({ ...record, buildId: "of another build" }));
  expect(await failure("vm", "start", "damaged")).toMatchObject({ exit: 1, code: "template.build-gone" });
  fs.writeFileSync(stateFile(vm, "disk.json"), "{");
  expect(await failure("vm", "start", "damaged")).toMatchObject({ exit: 1, code: "hardware.disk-broken" });
  expect(fs.readFileSync(disk).equals(whole)).toBe(true);
  await desktop.json("vm", "remove", "damaged");
});

test("a home that cannot be written, or whose sockets would have too long a path, is refused with a message that says why", async () => {
  const nowhere = { ATOLL_HOME: "/dev/null/home" };
  const unwritable = await desktop.second(nowhere);
  expect(unwritable.code).toBe(1);
  expect(unwritable.stderr).toMatch(/\/dev\/null\/home\/\S+ cannot be written .*ATOLL_HOME/);
  expect((await desktop.atollWith(nowhere, "vm", "list")).code).toBe(4);

  const long = { ATOLL_HOME: path.join(os.tmpdir(), "x".repeat(100)) };
  const tooLong = await desktop.second(long);
  expect(tooLong.code).toBe(1);
  expect(tooLong.stderr).toContain("the path of a unix socket at most 107");
  const list = await desktop.atollWith(long, "vm", "list", "--json");
  expect(list.code).toBe(1);
  expect(errorOf(list).code).toBe("hardware.path-too-long");
});

test("a control socket held by another program is not mistaken for a second Atoll", async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-taken-"));
  fs.mkdirSync(path.join(home, "run"), { mode: 0o700 });
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(path.join(home, "run/control.sock"), resolve));
  const { code, stderr } = await desktop.second({ ATOLL_HOME: home });
  server.close();
  expect(code).toBe(1);
  expect(stderr).toContain("control.sock is in use by something that does not answer as Atoll does");
  fs.rmSync(home, { recursive: true });
});

test("without QEMU a start says what to install, and so does doctor", async () => {
  const bin = path.join(desktop.home, "bin");
  fs.mkdirSync(bin);
  fs.symlinkSync(process.execPath, path.join(bin, "node"));
  // Of util-linux, which every Debian has.
  for (const program of ["flock", "setpriv"]) fs.symlinkSync(`/usr/bin/${program}`, path.join(bin, program));
  await desktop.crash();
  await desktop.start({ PATH: bin });
  await desktop.json("vm", "create", "lame", "--label", "rose");
  const error = await failure("vm", "start", "lame");
  expect(error).toMatchObject({ exit: 1, code: "hardware.program-missing" });
  expect(error.message).toMatch(/install Debian's qemu-/);
  const { code, stdout } = await desktop.atollWith({ PATH: bin }, "doctor", "--json");
  expect(code).toBe(1);
  const checks = JSON.parse(stdout) as DoctorCheck[];
  expect(checks.find(({ id }) => id === "qemu")).toMatchObject({
    status: "fail",
    remedy: "apt-get install qemu-system-x86 qemu-utils",
  });
});
