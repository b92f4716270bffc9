/** The summary of a scan of any length, of bounded size. Pure. */
import type { EventPayload } from "#shared/ipc/index.ts";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { combinedVerdict, type ScanVerdict, verdictWords } from "#shared/model/scan.ts";
import { cleanText } from "#shared/model/text.ts";
import type { ScanAnswer } from "#shared/protocol/opening.ts";

/** Of the files of an answer, which is one message (MAX_HEADER_BYTES). */
const ANSWER_BYTES = 32 * 1024;
/** Of the fields of one beside its texts. */
const FILE_BYTES = 16;
const WHY_CHARACTERS = 300;

type Named = ScanAnswer["files"][number];

/** As many of these files as there is room for: the first ones. */
class NamedFiles {
  readonly files: Named[] = [];
  count = 0;
  #bytes = 0;

  add(file: Named): void {
    this.count += 1;
    this.#bytes += bytesOf(file);
    if (this.#bytes <= ANSWER_BYTES) this.files.push(file);
  }

  join({ files, count }: NamedFiles): void {
    for (const file of files) this.add(file);
    this.count += count - files.length;
  }
}

export class ScanSummary {
  readonly #verdicts = new Set<ScanVerdict>();
  readonly #clean = new NamedFiles();
  readonly #others = new NamedFiles();

  add(files: readonly ScannedFile[]): void {
    for (const file of files)
      this.#add({ path: file.path, verdict: file.verdict, why: cleanText(verdictWords(file), WHY_CHARACTERS) });
  }

  /** What no scanner has got. */
  addUnscanned(path: string, why: string): void {
    this.#add({ path, verdict: "not-scanned", why: cleanText(`it was not scanned: ${why}`, WHY_CHARACTERS) });
  }

  #add(file: Named): void {
    this.#verdicts.add(file.verdict);
    (file.verdict === "clean" ? this.#clean : this.#others).add(file);
  }

  /** Another scan's files, too. */
  join(other: ScanSummary): void {
    for (const verdict of other.#verdicts) this.#verdicts.add(verdict);
    this.#clean.join(other.#clean);
    this.#others.join(other.#others);
  }

  get #verdict(): ScanVerdict {
    return combinedVerdict([...this.#verdicts].map((verdict) => ({ verdict })));
  }

  /** What is not clean is named before what is. */
  get answer(): ScanAnswer {
    const files = [...this.#others.files];
    let room = ANSWER_BYTES - files.reduce((sum, file) => sum + bytesOf(file), 0);
    for (const file of this.#clean.files) {
      room -= bytesOf(file);
      if (room < 0) break;
      files.push(file);
    }
    const unclean = this.#others.count - this.#others.files.length;
    const clean = this.#clean.count - (files.length - this.#others.files.length);
    const more = [moreWords(unclean, "not clean"), moreWords(clean, "clean")].filter((words) => words !== "");
    return { verdict: this.#verdict, files, detail: more.join(" ") };
  }

  /** The file that a notice names: of the worst verdict; null: there is none. */
  get shown(): Omit<EventPayload<"scan.ended">, "from"> | null {
    const worst = this.#others.files.find(({ verdict }) => verdict === this.#verdict) ?? this.#others.files[0];
    const [first, { count }] =
      worst === undefined ? [this.#clean.files[0], this.#clean] : ([worst, this.#others] as const);
    return first === undefined ? null : { path: first.path, words: first.why, others: count - 1 };
  }
}

function bytesOf({ path, why }: Named): number {
  return Buffer.byteLength(path) + Buffer.byteLength(why) + FILE_BYTES;
}

function moreWords(count: number, are: string): string {
  if (count === 0) return "";
  return count === 1 ? `1 more file is ${are}.` : `${count} more files are ${are}.`;
}
