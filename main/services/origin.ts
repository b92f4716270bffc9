/** Where an installed service is from, which is kept beside its files (`origin.json`). */
import fsp from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { compareVersions, type ServiceOrigin } from "#shared/model/service.ts";
import type { ServiceManifest } from "./manifest.ts";
import { fingerprintOf } from "./signing/minisign.ts";

const ORIGIN_FILE = "origin.json";

const schema = z.strictObject({
  /** The index that it is from; null: a folder of this machine. */
  index: z.string().nullable(),
  /** Who has signed it, and signs what comes after it; null: nobody. */
  key: z.string().nullable(),
});
export type Origin = z.infer<typeof schema>;

export const FOLDER_ORIGIN: Origin = { index: null, key: null };

function originText(origin: Origin): string {
  return `${JSON.stringify(origin)}\n`;
}

export async function writeOrigin(folder: string, origin: Origin): Promise<void> {
  await fsp.writeFile(path.join(folder, ORIGIN_FILE), originText(origin), { mode: 0o600, flush: true });
}

/** Where nothing can be read it is a folder's, as all were once. */
export async function readOrigin(folder: string): Promise<Origin> {
  try {
    return schema.parse(JSON.parse(await fsp.readFile(path.join(folder, ORIGIN_FILE), "utf8")));
  } catch {
    return FOLDER_ORIGIN;
  }
}

/** @param origin null: it comes with Atoll */
export function shownOrigin(origin: Origin | null): ServiceOrigin {
  if (origin === null) return { kind: "built-in", index: null, signer: null };
  const { index, key } = origin;
  return { kind: index === null ? "folder" : "index", index, signer: key === null ? null : fingerprintOf(key) };
}

/**
 * What comes after a signed version is later, and by the same key. One that nobody has signed is its developer's.
 * @param before origin of the installed version
 * @throws AppError service.other-signer, service.not-newer
 */
export function refuseSuccessor(
  installed: Pick<ServiceManifest, "name" | "version">,
  before: Origin | null,
  { version, origin: { key } }: { version: string; origin: Origin },
): void {
  if (before === null || before.key === null) return;
  const { name } = installed;
  if (before.key !== key) {
    const other = key === null ? "is not signed" : `is signed by ${fingerprintOf(key)}`;
    const sentence = `"${name}" is signed by ${fingerprintOf(before.key)}, and this ${other}: remove the service first if you trust it.`;
    throw new AppError("service.other-signer", sentence, { service: name });
  }
  if (compareVersions(version, installed.version) > 0) return;
  const sentence = `"${name}" ${installed.version} is installed, and ${version} is not later: versions only rise.`;
  throw new AppError("service.not-newer", sentence, { service: name, version, installed: installed.version });
}
