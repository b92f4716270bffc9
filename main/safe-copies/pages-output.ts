/**
 * What `atoll-pages` prints in the VM that gets a safe copy (agents/linux/src/safe_copy.rs): `page N of M`, then
 * `copy PAGES BYTES PATH`. A guest's word about a file of its own.
 */
import { MAX_FILE_PATH_BYTES } from "#shared/protocol/limits.ts";

/** Of agents/pages. */
const MAX_PAGES = 2000;
const MAX_PDF_BYTES = 512 * 1024 ** 2;
/** A path in hexadecimal digits, and what stands before it. */
const MAX_LINE = 2 * MAX_FILE_PATH_BYTES + 100;

export interface SafeCopy {
  /** Absolute. */
  readonly path: Uint8Array;
  readonly pages: number;
  /** Of the PDF. */
  readonly bytes: number;
}

export type PagesLine = { kind: "page"; page: number; of: number } | { kind: "copy"; copy: SafeCopy };

export class PagesOutput {
  #untrusted = "";
  /** The last page that it has said. */
  #page = 0;

  /** What is whole of it; null: it is no output of that program. */
  read(untrustedPart: Uint8Array): PagesLine[] | null {
    this.#untrusted += Buffer.from(untrustedPart).toString("latin1");
    const untrustedLines = this.#untrusted.split("\n");
    this.#untrusted = untrustedLines.pop() ?? "";
    if (this.#untrusted.length > MAX_LINE) return null;
    const lines = untrustedLines.map(parse);
    return lines.every((line) => line !== null && this.#follows(line)) ? lines.flatMap((line) => line ?? []) : null;
  }

  /** Each page comes after the one before: a guest that said one again and again would be waited for without end. */
  #follows(line: PagesLine): boolean {
    if (line.kind !== "page") return true;
    const isNext = line.page > this.#page;
    this.#page = line.page;
    return isNext;
  }
}

function parse(untrustedLine: string): PagesLine | null {
  if (untrustedLine.length > MAX_LINE) return null;
  const page = /^page (\d{1,4}) of (\d{1,4})$/.exec(untrustedLine);
  if (page !== null) {
    const [at, of] = [Number(page[1]), Number(page[2])];
    return at >= 1 && at <= of && of <= MAX_PAGES ? { kind: "page", page: at, of } : null;
  }
  const copy = /^copy (\d{1,4}) (\d{1,9}) (2f(?:[0-9a-f]{2})*)$/.exec(untrustedLine);
  if (copy === null) return null;
  const [pages, bytes, path] = [Number(copy[1]), Number(copy[2]), Buffer.from(copy[3] ?? "", "hex")];
  const isBounded = pages >= 1 && pages <= MAX_PAGES && bytes <= MAX_PDF_BYTES && path.length <= MAX_FILE_PATH_BYTES;
  return isBounded && !path.includes(0) ? { kind: "copy", copy: { path, pages, bytes } } : null;
}
