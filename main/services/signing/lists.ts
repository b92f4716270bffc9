/**
 * What is signed: the list of a service's files (`files.json`), and the list of an index's services (`index.json`), each with name,
 * version and expiry. A signature stands beside its list (`.minisig`). Pure.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { manifestFields, serviceName, serviceRights } from "#shared/model/service.ts";
import { MAX_PROGRAM_BYTES, MAX_PROGRAM_FILES, PLAIN_NAME } from "../service-folder.ts";
import { MANIFEST_FILE, PROGRAM_FOLDER } from "../manifest.ts";
import { isPublicKey } from "./minisign.ts";

export const FILES_FILE = "files.json";
export const INDEX_FILE = "index.json";
export const SIGNATURE_SUFFIX = ".minisig";
/** Bytes of a list. */
export const MAX_LIST_BYTES = 512 * 1024;
const MAX_MANIFEST_BYTES = 256 * 1024;
const MAX_DEPTH = 10;
const MAX_SERVICES = 500;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal digits");
/** Until when the list may be taken. */
const expires = z.iso.datetime("must be a time as 2027-01-31T00:00:00Z");
const publicKey = z.string().max(100).refine(isPublicKey, "must be a public key of minisign");

const filePath = z
  .string()
  .max(500)
  .refine((path) => isListedPath(path), `must be ${MANIFEST_FILE}, or below ${PROGRAM_FOLDER}, of plain names`);

/** Names that can be nothing but a file of the folder. */
function isListedPath(path: string): boolean {
  if (path === MANIFEST_FILE) return true;
  const [top, ...names] = path.split("/");
  return (
    top === PROGRAM_FOLDER &&
    names.length > 0 &&
    names.length < MAX_DEPTH &&
    names.every((name) => PLAIN_NAME.test(name))
  );
}

const listedFile = z.strictObject({
  path: filePath,
  bytes: z.int().min(0).max(MAX_PROGRAM_BYTES),
  sha256,
  isExecutable: z.boolean(),
});
export type SignedFile = z.infer<typeof listedFile>;

const fileList = z
  .strictObject({
    format: z.literal(1),
    kind: z.literal("service"),
    name: serviceName,
    version: manifestFields.version,
    expires,
    /** Whose signature stands beside it. */
    key: publicKey,
    files: z
      .array(listedFile)
      .min(1)
      .max(MAX_PROGRAM_FILES + 1),
  })
  .superRefine(({ files }, context) => {
    const paths = new Set(files.map(({ path }) => path));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const manifest = files.find(({ path }) => path === MANIFEST_FILE);
    const problems = [
      ...(paths.size === files.length ? [] : ["names a file twice"]),
      ...(manifest !== undefined && manifest.bytes <= MAX_MANIFEST_BYTES
        ? []
        : [`has no ${MANIFEST_FILE} of its size`]),
      ...(bytes <= MAX_PROGRAM_BYTES + MAX_MANIFEST_BYTES ? [] : ["has more than can travel"]),
    ];
    for (const message of problems) context.addIssue({ code: "custom", path: ["files"], message });
  });
export type FileList = z.infer<typeof fileList>;

const indexEntry = z.strictObject({
  name: serviceName,
  version: manifestFields.version,
  description: manifestFields.description,
  icon: manifestFields.icon,
  /** As its manifest has them, shown before anything of it is fetched. */
  rights: serviceRights,
  /** Of all its files, and their number. */
  bytes: z
    .int()
    .min(1)
    .max(MAX_PROGRAM_BYTES + MAX_MANIFEST_BYTES),
  files: z
    .int()
    .min(1)
    .max(MAX_PROGRAM_FILES + 1),
  /** Its `files.json`. */
  list: z.strictObject({ bytes: z.int().min(1).max(MAX_LIST_BYTES), sha256 }),
  /** Who has signed that. */
  key: publicKey,
});
export type IndexEntry = z.infer<typeof indexEntry>;

const indexList = z
  .strictObject({
    format: z.literal(1),
    kind: z.literal("index"),
    name: serviceName,
    /** Rises with each list. */
    version: z.int().min(1).max(1_000_000_000),
    expires,
    /** Whose signature stands beside it; null: nobody has signed it, which only a developer's switch lets in. */
    key: publicKey.nullable(),
    services: z.array(indexEntry).max(MAX_SERVICES),
  })
  .refine(({ services }) => new Set(services.map(({ name }) => name)).size === services.length, {
    path: ["services"],
    message: "names a service twice",
  });
export type IndexList = z.infer<typeof indexList>;

/** @throws AppError service.bad-signature */
export function parseFileList(content: Uint8Array, where: string): FileList {
  return parsed(fileList, content, where);
}

/** @throws AppError service.bad-signature */
export function parseIndexList(content: Uint8Array, where: string): IndexList {
  return parsed(indexList, content, where);
}

/** @param where what is read, for people */
function parsed<Value>(schema: z.ZodType<Value>, content: Uint8Array, where: string): Value {
  const refused = (reason: string): AppError =>
    new AppError("service.bad-signature", `${where} is not a valid list: ${reason}.`, { where });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  } catch {
    throw refused("it is not JSON");
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw refused(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`);
}

/** As it is signed: the bytes of a list. */
export function listText(list: FileList | IndexList): string {
  return `${JSON.stringify(list, undefined, 2)}\n`;
}

/** The line of a signature that people read: `minisign -V` shows it. */
export function commentOf({ kind, name, version, expires: until }: FileList | IndexList): string {
  return `${kind} ${name} ${version}, expires ${until}`;
}

export function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** @throws AppError service.expired */
export function refuseExpired({ kind, name, version, expires: until }: FileList | IndexList, nowMs: number): void {
  if (Date.parse(until) > nowMs) return;
  const sentence = `The signature of ${kind} "${name}" ${version} has expired (${until}): ask who signs it for a newer one.`;
  throw new AppError("service.expired", sentence, { name, version, expires: until });
}

const DAY_MS = 86_400_000;

/** So many days from now, in whole seconds. */
export function expiryOf(nowMs: number, days: number): string {
  return new Date(Math.floor((nowMs + days * DAY_MS) / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
}
