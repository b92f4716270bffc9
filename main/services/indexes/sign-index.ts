/** Makes an index of a folder in which each service is a signed folder of its name: `index.json`, and its signature. */
import type { KeyObject } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { readAtMost } from "../../base/read-at-most.ts";
import { writeFileAtomically } from "../../base/write-file.ts";
import { readService } from "../catalog.ts";
import {
  digestOf,
  expiryOf,
  FILES_FILE,
  INDEX_FILE,
  type IndexEntry,
  type IndexList,
  listText,
  MAX_LIST_BYTES,
  parseIndexList,
  SIGNATURE_SUFFIX,
} from "../signing/lists.ts";
import { publicKeyText } from "../signing/minisign.ts";
import { verifyFolder, writeSigned } from "../signing/signed-folder.ts";
import { MANIFEST_FILE } from "../manifest.ts";

export interface IndexToSign {
  /** null: as it was, or as its folder. */
  name: string | null;
  /** null: nobody signs it. */
  key: KeyObject | null;
  days: number;
  nowMs: number;
}

/** Its version is one more than that of the list that is there. @throws AppError service.*, usage.bad-argument, file.write-failed */
export async function signIndex(folder: string, { name, key, days, nowMs }: IndexToSign): Promise<IndexList> {
  const file = path.join(folder, INDEX_FILE);
  const content = await readAtMost(file, MAX_LIST_BYTES).catch((error: unknown) => {
    throw new AppError("service.bad-signature", `${file} cannot be used: ${messageOf(error)}.`, { file });
  });
  const before = content === null ? null : parseIndexList(content, file);
  const names = await servicesIn(folder);
  const services: IndexEntry[] = [];
  for (const one of names) services.push(await entryOf(path.join(folder, one), one, nowMs));
  const list: IndexList = {
    ...{ format: 1, kind: "index" },
    name: name ?? before?.name ?? path.basename(folder),
    version: (before?.version ?? 0) + 1,
    expires: expiryOf(nowMs, days),
    key: key === null ? null : publicKeyText(key),
    services,
  };
  // A name that cannot be an index's is refused here, not by those who read it.
  parseIndexList(Buffer.from(listText(list)), file);
  if (key !== null) await writeSigned(file, list, key);
  else {
    await fsp.rm(`${file}${SIGNATURE_SUFFIX}`, { force: true });
    await writeFileAtomically(file, listText(list), { mode: 0o644 });
  }
  return list;
}

async function servicesIn(folder: string): Promise<string[]> {
  try {
    const entries = await fsp.readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => entry.name)
      .toSorted();
  } catch (error) {
    throw new AppError("service.bad-folder", `${folder} was not read: ${messageOf(error)}.`, { folder });
  }
}

async function entryOf(folder: string, folderName: string, nowMs: number): Promise<IndexEntry> {
  const service = await readService(folder, null);
  const { name, version, description, icon, rights } = service.manifest;
  if (name !== folderName)
    throw new AppError(
      "service.bad-folder",
      `${path.join(folder, MANIFEST_FILE)} is of "${name}": its folder has to have that name.`,
      { folder },
    );
  const { files, key } = await verifyFolder(folder, service, nowMs);
  const list = await fsp.readFile(path.join(folder, FILES_FILE));
  return {
    ...{ name, version, description, icon, rights, key },
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: files.length,
    list: { bytes: list.byteLength, sha256: digestOf(list) },
  };
}
