/** Fetches a service that an index offers. Nothing is written before all that is written has been verified. */
import fsp from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { readService } from "../catalog.ts";
import {
  digestOf,
  type FileList,
  FILES_FILE,
  type IndexEntry,
  parseFileList,
  refuseExpired,
  SIGNATURE_SUFFIX,
  type SignedFile,
} from "../signing/lists.ts";
import { MAX_SIGNATURE_BYTES, signatureProblem } from "../signing/minisign.ts";
import type { IndexSource } from "./index-source.ts";

export interface Fetching {
  source: IndexSource;
  entry: IndexEntry;
  /** It is made, and has the service's files. */
  folder: string;
  recipesFolder: string | null;
  nowMs: number;
  signal?: AbortSignal | undefined;
}

/** @throws AppError index.unreachable, service.bad-signature, service.expired, service.bad-folder, file.write-failed */
export async function fetchService(fetching: Fetching): Promise<void> {
  const { entry, folder, recipesFolder } = fetching;
  const list = await fetchList(fetching);
  const files: [SignedFile, Buffer][] = [];
  for (const file of list.files) files.push([file, await fetchFile(fetching, file)]);
  try {
    for (const [{ path: name, isExecutable }, data] of files) {
      const to = path.join(folder, name);
      await fsp.mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
      await fsp.writeFile(to, data, { mode: isExecutable ? 0o700 : 0o600, flag: "wx" });
    }
  } catch (error) {
    throw new AppError("file.write-failed", `${folder} cannot be written: ${messageOf(error)}.`, { file: folder });
  }
  const service = await readService(folder, recipesFolder);
  const { name, version, rights } = service.manifest;
  if (name !== entry.name || version !== entry.version) throw refused(entry, `it is "${name}" ${version} in fact`);
  // The sheet that was shown is made of the index.
  if (!isDeepStrictEqual(rights, entry.rights)) throw refused(entry, "it asks for other rights than the index says");
}

/** What is signed of it. */
async function fetchList({ source, entry, nowMs, signal }: Fetching): Promise<FileList> {
  const { name, version, key, list: expected } = entry;
  const at = `${name}/${FILES_FILE}`;
  const content = await source.read(at, { maxBytes: expected.bytes, signal });
  const signature = await source.read(`${at}${SIGNATURE_SUFFIX}`, { maxBytes: MAX_SIGNATURE_BYTES, signal });
  if (content === null || signature === null) throw refused(entry, "it is not there");
  if (digestOf(content) !== expected.sha256) throw refused(entry, `${at} is not what the index says`);
  const problem = signatureProblem(content, signature.toString("utf8"), key);
  if (problem !== null) throw refused(entry, problem);
  const list = parseFileList(content, at);
  if (list.name !== name || list.version !== version || list.key !== key)
    throw refused(entry, `what is signed is "${list.name}" ${list.version}`);
  const bytes = list.files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes !== entry.bytes || list.files.length !== entry.files)
    throw refused(entry, "it has another size than the index says");
  refuseExpired(list, nowMs);
  return list;
}

async function fetchFile(
  { source, entry, signal }: Fetching,
  { path: name, bytes, sha256 }: SignedFile,
): Promise<Buffer> {
  const data = await source.read(`${entry.name}/${name}`, { maxBytes: bytes, signal });
  if (data === null) throw refused(entry, `${name} is not there`);
  if (data.byteLength !== bytes || digestOf(data) !== sha256) throw refused(entry, `${name} was changed`);
  return data;
}

function refused({ name, version }: IndexEntry, why: string): AppError {
  const sentence = `"${name}" ${version} of the index is not what was signed: ${why}. "atoll service index update" gets the index again; else tell its owner.`;
  return new AppError("service.bad-signature", sentence, { name, version });
}
