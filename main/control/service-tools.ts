/** What `atoll service` does with folders of services by itself, without an application. */
import path from "node:path";
import type { FileProblem } from "#shared/model/yaml-file.ts";
import type { Progress } from "../../images/builder/index.ts";
import { agentFolderOf } from "../base/agent-folder.ts";
import { recipesFolder, resolvePaths } from "../base/paths.ts";
import { readService } from "../services/catalog.ts";
import { jobInput } from "../services/job-input.ts";
import { signIndex } from "../services/indexes/sign-index.ts";
import { checkServiceFolder } from "../services/service-folder.ts";
import type { FileList, IndexList } from "../services/signing/lists.ts";
import { fingerprintOf } from "../services/signing/minisign.ts";
import { signFolder, verifyFolder } from "../services/signing/signed-folder.ts";
import { signingKey } from "../services/signing/signing-key.ts";
import fs from "node:fs";

export { newService } from "../services/scaffold.ts";

/** What is wrong with it. */
export async function problemsOf(folder: string): Promise<FileProblem[]> {
  return (await checkServiceFolder(path.resolve(folder), recipesFolder(resolvePaths()))).problems;
}

/** What is shown of a signature. */
export interface SignedService extends Pick<FileList, "name" | "version" | "expires" | "key"> {
  /** Of the key, for people to compare. */
  fingerprint: string;
  /** Their number. */
  files: number;
}

function shown({ name, version, expires, key, files }: FileList): SignedService {
  return { name, version, expires, key, fingerprint: fingerprintOf(key), files: files.length };
}

/**
 * Signs a folder with this person's key, which is made where there is none.
 * @param days until its signature expires
 * @throws AppError service.bad-folder, file.write-failed, file.not-ours
 */
export async function signService(folder: string, days: number): Promise<SignedService> {
  const paths = resolvePaths();
  const at = path.resolve(folder);
  const service = await readService(at, recipesFolder(paths));
  return shown(await signFolder(at, service, { key: await signingKey(paths.config), days, nowMs: Date.now() }));
}

/**
 * What was signed of a folder.
 * @throws AppError service.bad-folder, service.not-signed, service.bad-signature, service.expired
 */
export async function verifyService(folder: string): Promise<SignedService> {
  const at = path.resolve(folder);
  return shown(await verifyFolder(at, await readService(at, recipesFolder(resolvePaths())), Date.now()));
}

/** What is shown of an index that was made. */
export interface MadeIndex extends Pick<IndexList, "name" | "version" | "expires" | "key"> {
  /** Of the key; null: nobody has signed it. */
  fingerprint: string | null;
  /** Their number. */
  services: number;
}

/**
 * Makes an index of the signed services in a folder.
 * @param options `name` null: as it was, or as its folder; `days` until it expires
 * @throws AppError service.*, file.write-failed, file.not-ours
 */
export async function signServiceIndex(
  folder: string,
  { name, days, isSigned }: { name: string | null; days: number; isSigned: boolean },
): Promise<MadeIndex> {
  const key = isSigned ? await signingKey(resolvePaths().config) : null;
  const list = await signIndex(path.resolve(folder), { name, key, days, nowMs: Date.now() });
  return {
    ...{ name: list.name, version: list.version, expires: list.expires, key: list.key },
    fingerprint: list.key === null ? null : fingerprintOf(list.key),
    services: list.services.length,
  };
}

export interface OnceOptions {
  /** The folder `out` of the build. */
  out: string;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  onLog: (line: string) => void;
}

/**
 * The answer to one job.
 *
 * @param file what it is made of; null: the input of the manifest's first test
 * @throws AppError service.*, template.*, hardware.*, usage.bad-argument
 */
export async function answerOnce(folder: string, file: string | null, options: OnceOptions): Promise<unknown> {
  const { out, ...rest } = options;
  const recipes = recipesFolder(resolvePaths());
  const service = await readService(path.resolve(folder), recipes);
  const [first] = service.manifest.tests;
  const input = file === null ? (first?.input ?? null) : jobInput(path.basename(file), fs.readFileSync(file));
  // Drivers, VMs and links: no other command of `atoll` needs them.
  const { runOnce } = await import("../run-once/run-once.ts");
  return runOnce({ service, input, agentFolder: agentFolderOf(out), recipesFolder: recipes, ...rest });
}
