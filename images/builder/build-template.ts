/**
 * Builds a template: everything is made in a partial folder, which gets its name when it is complete. One process at a
 * time builds a given recipe; what an interrupted build left behind is removed by the next.
 */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { buildFailure } from "./build-failure.ts";
import { cachePaths } from "./cache-dir.ts";
import { ENTRIES_FILE, programsOf } from "./desktop-entries.ts";
import { withoutInherited } from "../../main/base/close-inherited.ts";
import { tryLock, waitForLock, type FileLock } from "../../main/base/file-lock.ts";
import { checkHostTools, isRoot } from "./host-tools.ts";
import { IMAGE_FD } from "./hooks.ts";
import { moduleOrder } from "./kernel-modules.ts";
import { mmdebstrapArguments } from "./mmdebstrap.ts";
import { runGroup } from "../../main/base/process-group.ts";
import { ProgressReader, type Progress } from "./progress.ts";
import { recipeHash } from "./recipe-hash.ts";
import type { Recipe } from "./recipe.ts";
import {
  buildsOf,
  nextBuildName,
  readTemplate,
  TEMPLATE_FILE,
  templateStatus,
  type Template,
  type TemplateFile,
} from "./template.ts";
import { extractVmlinux } from "./vmlinux.ts";
import { freeMiB, makeWorkDir, removeWorkDir } from "./work-dir.ts";

export interface BuildRequest {
  recipe: Recipe;
  cacheDir: string;
  /** Builds anew although there is a template of this recipe; VMs based on that one keep it. */
  force?: boolean;
  signal?: AbortSignal | undefined;
  onProgress?: (progress: Progress) => void;
}

const PARTIAL = ".partial-";
const LOCK = ".lock-";
/** In a partial folder: the path of its work folder, so that another process can remove it. */
const WORK_PATH_FILE = "work-path";
const PRIVATE = 0o700;
/** Root image, kernel and package cache of the largest recipe that comes with Atoll. */
const NEEDED_MIB = 1536;
const KEPT_LINES = 200;

/**
 * @returns the template, at once when there is one
 * @throws AppError template.unknown-package, no-space, missing-tool, cancelled, build-failed
 */
export async function buildTemplate(request: BuildRequest): Promise<Template> {
  const { recipe, cacheDir, force = false, signal } = request;
  try {
    signal?.throwIfAborted();
    const before = (await templateStatus(recipe, cacheDir)).built;
    if (before !== null && !force) return before;
    await checkHostTools();
    const paths = cachePaths(cacheDir);
    await Promise.all(Object.values<string>({ ...paths }).map((dir) => mkdir(dir, { recursive: true, mode: PRIVATE })));
    await checkSpace(recipe, cacheDir);
    const lock = await takeLock(request);
    try {
      // Another process may have built it meanwhile.
      const now = (await templateStatus(recipe, cacheDir)).built;
      if (now !== null && (!force || now.dir !== before?.dir)) return now;
      await removeStalePartials(paths.templatesDir, recipeHash(recipe));
      return await buildLocked(request, lock);
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (signal?.aborted) throw cancelled(recipe, error);
    throw asBuildError(error, recipe);
  }
}

async function takeLock({ recipe, cacheDir, signal, onProgress }: BuildRequest): Promise<FileLock> {
  const path = join(cachePaths(cacheDir).templatesDir, `${LOCK}${recipeHash(recipe)}`);
  const free = await tryLock(path);
  if (free !== null) return free;
  onProgress?.({ step: "wait", fraction: null, detail: "another process builds this template" });
  return waitForLock(path, signal);
}

async function buildLocked({ recipe, cacheDir, signal, onProgress }: BuildRequest, lock: FileLock): Promise<Template> {
  const { templatesDir } = cachePaths(cacheDir);
  const hash = recipeHash(recipe);
  const partialDir = join(templatesDir, `${PARTIAL}${hash}`);
  // The image in it is open to all while it is made (see runMmdebstrap): nobody else may come so far.
  await mkdir(partialDir, { mode: PRIVATE });
  const workDir = await makeWorkDir();
  try {
    await writeFile(join(partialDir, WORK_PATH_FILE), workDir);
    await runMmdebstrap({ recipe, cacheDir, partialDir, workDir, lock, signal, onProgress });
    onProgress?.({ step: "finish", fraction: 0.98, detail: "kernel" });
    await finish(recipe, partialDir);
    await rm(join(partialDir, WORK_PATH_FILE));
    const dir = join(templatesDir, nextBuildName(hash, await buildsOf(hash, cacheDir)));
    await rename(partialDir, dir);
    const template = await readTemplate(dir);
    if (template === null) throw new Error(`${dir} is not complete`);
    onProgress?.({ step: "finish", fraction: 1, detail: "" });
    return template;
  } finally {
    await removeWorkDir(workDir);
    await rm(partialDir, { recursive: true, force: true });
  }
}

interface MmdebstrapRun extends Pick<BuildRequest, "recipe" | "cacheDir" | "signal"> {
  partialDir: string;
  workDir: string;
  lock: FileLock;
  onProgress: BuildRequest["onProgress"] | undefined;
}

async function runMmdebstrap(run: MmdebstrapRun): Promise<void> {
  const { recipe, cacheDir, partialDir, workDir, lock, signal, onProgress } = run;
  const paths = cachePaths(cacheDir);
  const packagesDir = join(paths.packagesDir, recipe.suite);
  await mkdir(packagesDir, { recursive: true, mode: PRIVATE });
  const logFile = join(paths.logsDir, `template-${recipe.name}.log`);
  const log = createWriteStream(logFile);
  log.on("error", () => {}); // A full disk shows in mmdebstrap's own words.
  const lines: string[] = [];
  const progress = new ProgressReader();
  // In unshare mode the hook opens it once more, as a subordinate id; nobody else reaches it in its folder.
  const image = await open(join(partialDir, "root.img"), "wx+", 0o600);
  await image.chmod(0o666);
  try {
    const mode = isRoot() ? "root" : "unshare";
    const args = mmdebstrapArguments({ recipe, mode, packagesDir, outDir: partialDir });
    const namespace = isRoot() ? ["unshare", "--mount"] : [];
    // mmdebstrap gives a number to a shell, which is 9 at most with one descriptor that is not its own (mmdebstrap 1.5.7 of an
    // ordinary user): so the lock is where it would find nothing to read, and nothing else is open.
    const [command, words] = withoutInherited(
      [IMAGE_FD],
      ["setpriv", "--pdeathsig", "TERM", ...namespace, "mmdebstrap", ...args],
    );
    const exitCode = await runGroup({
      // When we are killed it gets a signal to end, and cleans up. As root, mmdebstrap mounts /proc and others where it finds
      // itself; in a namespace of its own they end with it.
      command,
      args: words,
      env: { ...process.env, TMPDIR: workDir, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C.UTF-8" },
      input: lock.fd,
      inherited: [null, image.fd], // 3, which is closed before it starts, and IMAGE_FD
      signal,
      onLine: (line) => {
        log.write(`${line}\n`);
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        const step = progress.read(line);
        if (step !== null) onProgress?.(step);
      },
    });
    if (exitCode !== 0) throw buildFailure({ template: recipe.name, exitCode, lines, logFile });
  } finally {
    await image.close();
    log.end();
  }
}

/** Unpacks the kernel, orders the modules and writes down what was made. */
async function finish(recipe: Recipe, partialDir: string): Promise<void> {
  const at = (...names: string[]): string => join(partialDir, ...names);
  await extractVmlinux(at("kernel", "vmlinuz"), at("vmlinux"));
  await rm(at("vmlinux.payload"));
  const kernelVersion = (await readFile(at("kernel", "version"), "utf8")).trim();
  await rename(at("kernel", "packages.txt"), at("packages.txt"));
  await rm(at("kernel", "vmlinuz"));
  await rm(at("kernel", "version"));
  const programs = programsOf(await readFile(at("kernel", ENTRIES_FILE), "utf8"));
  await rm(at("kernel", ENTRIES_FILE));
  await rename(at("kernel"), at("modules"));
  await chmod(at("modules"), 0o755);
  // Modules of the recipe alone come after those that each guest has.
  const added = await readFile(at("modules", "added"), "utf8").catch(() => "");
  await rm(at("modules", "added"), { force: true });
  await writeFile(at("modules", "order"), moduleOrder() + added);
  await chmod(at("root.img"), 0o444);
  const sizeBytes = ((await stat(at("root.img"))).blocks + (await stat(at("vmlinux"))).blocks) * 512;
  const { name, memoryMiB, cpus, diskMiB } = recipe;
  const about: TemplateFile = {
    name,
    recipeHash: recipeHash(recipe),
    buildId: randomUUID(),
    kernelVersion,
    sizeBytes,
    memoryMiB,
    cpus,
    diskMiB,
    programs,
    builtAt: new Date().toISOString(),
  };
  await writeFile(at(TEMPLATE_FILE), `${JSON.stringify(about, null, 2)}\n`);
}

/** Removes the partial folders that no living build works on; `lockedHash` is ours, so its partial folder is stale. */
async function removeStalePartials(templatesDir: string, lockedHash: string): Promise<void> {
  const names = (await readdir(templatesDir)).filter((name) => name.startsWith(PARTIAL));
  for (const name of names) {
    const hash = name.slice(PARTIAL.length);
    const lock = hash === lockedHash ? null : await tryLock(join(templatesDir, `${LOCK}${hash}`));
    if (hash !== lockedHash && lock === null) continue;
    const dir = join(templatesDir, name);
    const workDir = await readFile(join(dir, WORK_PATH_FILE), "utf8").catch(() => "");
    if (/\/atoll-build-[^/]+$/.test(workDir)) await removeWorkDir(workDir);
    await rm(dir, { recursive: true, force: true });
    await lock?.release();
  }
}

async function checkSpace(recipe: Recipe, cacheDir: string): Promise<void> {
  const free = await freeMiB(cacheDir);
  if (free >= NEEDED_MIB) return;
  const message = `Building '${recipe.name}' needs ${NEEDED_MIB} MiB in ${cacheDir}, where ${free} MiB are free.`;
  throw new AppError("template.no-space", message, {
    template: recipe.name,
    path: cacheDir,
    neededMiB: NEEDED_MIB,
    freeMiB: free,
  });
}

function cancelled(recipe: Recipe, cause: unknown): AppError {
  return new AppError(
    "template.cancelled",
    `The build of '${recipe.name}' was cancelled.`,
    { template: recipe.name },
    { cause },
  );
}

function asBuildError(error: unknown, recipe: Recipe): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reason = messageOf(error);
  const details = { template: recipe.name, reason };
  if (code === "ENOSPC") {
    return new AppError(
      "template.no-space",
      `The disk is full: ${reason}`,
      { ...details, where: "host" },
      { cause: error },
    );
  }
  return new AppError("template.build-failed", `The build of '${recipe.name}' failed: ${reason}`, details, {
    cause: error,
  });
}
