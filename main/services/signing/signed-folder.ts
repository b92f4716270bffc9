/** Signs a service's folder, and looks whether one is what was signed. */
import type { KeyObject } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { readAtMost } from "../../base/read-at-most.ts";
import { writeFileAtomically } from "../../base/write-file.ts";
import type { Service } from "../catalog.ts";
import { MANIFEST_FILE, PROGRAM_FOLDER } from "../manifest.ts";
import {
  commentOf,
  digestOf,
  expiryOf,
  type FileList,
  FILES_FILE,
  type IndexList,
  listText,
  MAX_LIST_BYTES,
  parseFileList,
  refuseExpired,
  SIGNATURE_SUFFIX,
  type SignedFile,
} from "./lists.ts";
import { MAX_SIGNATURE_BYTES, publicKeyText, signatureProblem, signatureText } from "./minisign.ts";

/** The list and its signature, with the most that they may have. */
const SIGNATURE_FILES = [
  [FILES_FILE, MAX_LIST_BYTES],
  [`${FILES_FILE}${SIGNATURE_SUFFIX}`, MAX_SIGNATURE_BYTES],
] as const;

/** Of a list, and of its signature: others can read them. */
const MODE = 0o644;

/** Writes `files.json` and its signature into the folder. @throws AppError file.write-failed */
export async function signFolder(
  folder: string,
  service: Service,
  { key, days, nowMs }: { key: KeyObject; days: number; nowMs: number },
): Promise<FileList> {
  const { name, version } = service.manifest;
  const expires = expiryOf(nowMs, days);
  const files = await filesOf(service);
  const list: FileList = { format: 1, kind: "service", name, version, expires, key: publicKeyText(key), files };
  await writeSigned(path.join(folder, FILES_FILE), list, key);
  return list;
}

/** Writes a list, and its signature beside it. @throws AppError file.write-failed */
export async function writeSigned(file: string, list: FileList | IndexList, key: KeyObject): Promise<void> {
  const text = listText(list);
  try {
    await writeFileAtomically(file, text, { mode: MODE });
    const signature = signatureText(Buffer.from(text), commentOf(list), key);
    await writeFileAtomically(`${file}${SIGNATURE_SUFFIX}`, signature, { mode: MODE });
  } catch (error) {
    throw new AppError("file.write-failed", `${file} cannot be written: ${messageOf(error)}.`, { file });
  }
}

/** What a signature of the folder is, beside a copy of its service. @throws AppError service.bad-signature */
export async function copySignature(folder: string, to: string): Promise<void> {
  for (const [name, limit] of SIGNATURE_FILES) {
    const content = await listed(path.join(folder, name), limit);
    if (content !== null) await fsp.writeFile(path.join(to, name), content, { mode: 0o600 });
  }
}

/**
 * What was signed, where the folder is just that. By whom is the list's `key`: it is for the caller to know it.
 * @param at where its files are, if that is a copy of `folder`
 * @throws AppError service.not-signed, service.bad-signature, service.expired
 */
export async function verifyFolder(folder: string, service: Service, nowMs: number, at = folder): Promise<FileList> {
  const file = path.join(folder, FILES_FILE);
  const [content = null, signature = null] = await Promise.all(
    SIGNATURE_FILES.map(([name, limit]) => listed(path.join(at, name), limit)),
  );
  if (content === null || signature === null)
    throw new AppError("service.not-signed", `${folder} is not signed: "atoll service sign ${folder}" signs it.`, {
      folder,
    });
  const list = parseFileList(content, file);
  const { name, version } = service.manifest;
  const isNamed = list.name === name && list.version === version;
  const problem =
    signatureProblem(content, signature.toString("utf8"), list.key) ??
    (isNamed
      ? null
      : `what is signed is "${list.name}" ${list.version}, and it says that it is "${name}" ${version}`) ??
    differenceOf(list.files, await filesOf(service));
  if (problem !== null)
    throw new AppError("service.bad-signature", `${folder} is not what was signed: ${problem}. Do not install it.`, {
      folder,
    });
  refuseExpired(list, nowMs);
  return list;
}

/** As they would be installed. */
async function filesOf({ text, files }: Service): Promise<SignedFile[]> {
  const entry = (at: string, data: Uint8Array, isExecutable: boolean): SignedFile => ({
    ...{ path: at, bytes: data.byteLength, sha256: digestOf(data), isExecutable },
  });
  return [
    entry(MANIFEST_FILE, Buffer.from(text), false),
    ...(await files()).map(({ path: at, data, isExecutable }) => entry(`${PROGRAM_FOLDER}/${at}`, data, isExecutable)),
  ];
}

function differenceOf(signed: readonly SignedFile[], there: readonly SignedFile[]): string | null {
  const left = new Map(signed.map((file) => [file.path, file]));
  for (const file of there) {
    const expected = left.get(file.path);
    if (expected === undefined) return `${file.path} is not in the list`;
    const { bytes, sha256, isExecutable } = expected;
    if (file.bytes !== bytes || file.sha256 !== sha256) return `${file.path} was changed`;
    if (file.isExecutable !== isExecutable) return `whether ${file.path} can be executed was changed`;
    left.delete(file.path);
  }
  const [missing] = left.keys();
  return missing === undefined ? null : `${missing} is missing`;
}

/** null: there is none. @throws AppError service.bad-signature where it is a link, no file, or too large */
async function listed(file: string, limit: number): Promise<Buffer | null> {
  try {
    return await readAtMost(file, limit);
  } catch (error) {
    throw new AppError("service.bad-signature", `${file} cannot be used: ${messageOf(error)}.`, { file });
  }
}
