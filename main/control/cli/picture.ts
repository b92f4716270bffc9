/** Writes screenshots to the file that a person named. */
import fs from "node:fs";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { print } from "./output.ts";

/** @throws AppError file.write-failed */
export function writePicture(file: string, { base64 }: { base64: string }, json: boolean): void {
  const bytes = Buffer.from(base64, "base64");
  try {
    fs.writeFileSync(file, bytes);
  } catch (cause) {
    throw new AppError("file.write-failed", `${file} cannot be written: ${messageOf(cause)}.`, { file }, { cause });
  }
  print({ file: path.resolve(file), sizeBytes: bytes.length }, json, () => `${file}, ${bytes.length} bytes.`);
}
