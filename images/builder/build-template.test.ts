/**
 * The builder's own duties, with a stand-in for mmdebstrap that reaches the states which a real one cannot be brought to
 * on demand. The real one is run by the set-up of every end-to-end test.
 */
import { AppError } from "#shared/model/app-error.ts";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { buildTemplate, type BuildRequest } from "./build-template.ts";
import { recipeHash } from "./recipe-hash.ts";
import { recipeNamed } from "./recipes.ts";
import { readTemplate, TEMPLATE_FILE, templateStatus, type Template } from "./template.ts";
import { bzImage } from "./testing/bz-image.ts";

const recipe = recipeNamed("debian", null);
let dir: string;
let cacheDir: string;

/** Replaces mmdebstrap; `$out` is the folder that receives `kernel`. */
async function standIn(script: string): Promise<void> {
  const findOut = `for a in "$@"; do case $a in *copy-out*) out=$(echo "$a" | sed "s/.* '//; s/'$//");; esac; done`;
  await writeFile(join(dir, "bin", "mmdebstrap"), `#!/bin/sh\n${findOut}\n${script}\n`);
  await chmod(join(dir, "bin", "mmdebstrap"), 0o755);
}

const GOOD = `
mkdir "$out/kernel"; cp "$KERNEL" "$out/kernel/vmlinuz"; echo 6.12 >"$out/kernel/version"; echo foot >"$out/kernel/packages.txt"
printf '/usr/share/applications/a.desktop:%s\n' '[Desktop Entry]' Name=Viewer 'MimeType=image/png;' >"$out/kernel/desktop-entries"
echo "atoll-step: image" >&2; echo image >&4`;

/** A bzImage whose payload unpacks to something that begins like an ELF file. */
function smallKernel(): Buffer {
  const payload = execFileSync("zstd", ["--stdout", "--quiet"], { input: Buffer.from("\x7fELF and so on", "latin1") });
  return bzImage(Buffer.concat([payload, Buffer.alloc(4)]));
}

const build = (more: Partial<BuildRequest> = {}): Promise<Template> => buildTemplate({ recipe, cacheDir, ...more });

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AppError) return error;
  throw new Error(`expected an AppError, got ${String(error)}`);
}

/** What lies in the templates' folder but locks. */
const left = async (): Promise<string[]> =>
  (await readdir(join(cacheDir, "templates"))).filter((name) => !name.startsWith(".lock-"));

const workDirs = async (): Promise<string[]> => (await readdir(dir)).filter((name) => name.startsWith("atoll-build-"));

async function isRunning(pid: string): Promise<boolean> {
  const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "gone");
  return state !== "gone" && !/^\S+ \(.*\) Z/.test(state);
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "atoll-builder-test-"));
  cacheDir = join(dir, "cache");
  await mkdir(join(dir, "bin"));
  await writeFile(join(dir, "kernel"), smallKernel());
  vi.stubEnv("PATH", `${join(dir, "bin")}:${process.env["PATH"]}`);
  vi.stubEnv("KERNEL", join(dir, "kernel"));
  vi.stubEnv("TMPDIR", dir);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

describe("a build", () => {
  it("makes a complete template under its hash, once", async () => {
    await standIn(GOOD);
    const steps: string[] = [];
    const template = await build({ onProgress: ({ step }) => steps.push(step) });
    expect(template.dir).toBe(join(cacheDir, "templates", recipeHash(recipe)));
    expect((await stat(template.rootImage)).mode & 0o777).toBe(0o444);
    expect(await readdir(template.modulesDir)).toContain("order");
    expect(template.programs).toEqual({ "image/png": "Viewer" });
    expect(steps).toEqual(["image", "finish", "finish"]);
    expect((await templateStatus(recipe, cacheDir)).built).toEqual(template);
    await standIn("exit 1");
    expect(await build()).toEqual(template);
    expect(await left()).toEqual([recipeHash(recipe)]);
    expect(await workDirs()).toEqual([]);
  });

  it("keeps its files to itself while they are made, and lets nobody else write them then", async () => {
    await standIn(`${GOOD}; stat -c "%a" "$out" "$out/../.." "$out/../../packages" >"${dir}/modes"`);
    const { dir: built } = await build();
    expect((await readFile(join(dir, "modes"), "utf8")).trim().split("\n")).toEqual(["700", "700", "700"]);
    for (const name of await readdir(built, { recursive: true }))
      expect([name, (await stat(join(built, name))).mode & 0o022]).toEqual([name, 0]);
  });

  it("that is forced is put beside the earlier one, which VMs may be based on", async () => {
    await standIn(GOOD);
    const first = await build();
    const second = await build({ force: true });
    expect(second.dir).toBe(`${first.dir}-2`);
    expect(second.buildId).not.toBe(first.buildId);
    expect((await templateStatus(recipe, cacheDir)).built?.dir).toBe(second.dir);
    expect((await left()).length).toBe(2);
  });

  it("that takes the name of a removed one has another id", async () => {
    await standIn(GOOD);
    const first = await build();
    await rm(first.dir, { recursive: true });
    const second = await build();
    expect(second.dir).toBe(first.dir);
    expect(second.buildId).not.toBe(first.buildId);
  });

  it("from before builds had an id gets one, always the same", async () => {
    await standIn(GOOD);
    const { dir, builtAt } = await build();
    const file = join(dir, TEMPLATE_FILE);
    await writeFile(file, (await readFile(file, "utf8")).replace(/"buildId": .*,\n/, ""));
    expect(await readTemplate(dir)).toMatchObject({ buildId: builtAt });
  });

  it("that is cancelled ends everything that it started and leaves nothing", async () => {
    const pidFile = join(dir, "pid");
    await standIn(`sleep 60 & echo $! >${pidFile}; echo "atoll-step: kernel" >&2; wait`);
    const controller = new AbortController();
    const error = await failureOf(build({ signal: controller.signal, onProgress: () => controller.abort() }));
    expect(error.code).toBe("template.cancelled");
    expect(await isRunning((await readFile(pidFile, "utf8")).trim())).toBe(false);
    expect(await left()).toEqual([]);
    expect(await workDirs()).toEqual([]);
  });

  it("that was cancelled before it began does nothing", async () => {
    const error = await failureOf(build({ signal: AbortSignal.abort() }));
    expect(error.code).toBe("template.cancelled");
  });

  it("that fails says why and leaves nothing", async () => {
    await standIn('echo "E: Unable to locate package foo" >&2; exit 25');
    const error = await failureOf(build());
    expect(error).toMatchObject({ code: "template.unknown-package", details: { packages: ["foo"] } });
    expect(await left()).toEqual([]);
    expect(await workDirs()).toEqual([]);
  });

  it("removes what an interrupted one left behind", async () => {
    const stale = join(cacheDir, "templates", ".partial-0123456789abcdef0123");
    const staleWork = join(dir, "atoll-build-stale");
    await mkdir(stale, { recursive: true });
    await mkdir(join(staleWork, "root"), { recursive: true });
    await writeFile(join(stale, "work-path"), staleWork);
    await standIn(GOOD);
    await build();
    expect(await left()).toEqual([recipeHash(recipe)]);
    expect(await workDirs()).toEqual([]);
  });

  it("waits for another one of the same template and takes its result", async () => {
    const runs = join(dir, "runs");
    await standIn(`echo run >>${runs}; sleep 0.3${GOOD}`);
    const steps: string[] = [];
    const [first, second] = await Promise.all([build(), build({ onProgress: ({ step }) => steps.push(step) })]);
    expect(second).toEqual(first);
    expect((await stat(runs)).size).toBe("run\n".length);
  });

  it("has its lock where nothing is read, and one open file more: with two mmdebstrap names numbers that no shell knows", async () => {
    const [numbers, input] = [join(dir, "numbers"), join(dir, "input")];
    await standIn(`for fd in 0 1 2 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$fd ] || echo $fd >>${numbers}; done
readlink /proc/$$/fd/0 >${input}; cat >>${input}${GOOD}`);
    await build();
    expect((await readFile(numbers, "utf8")).trim().split("\n")).toEqual(["0", "1", "2", "4"]);
    expect(await readFile(input, "utf8")).toBe(`${join(cacheDir, "templates", `.lock-${recipeHash(recipe)}`)}\n`);
  });

  it("says which tool is missing and what to install", async () => {
    vi.stubEnv("PATH", join(dir, "bin"));
    const error = await failureOf(build());
    expect(error.code).toBe("template.missing-tool");
    expect(error.details["packages"]).toContain("mmdebstrap");
  });
});
