/**
 * `config/prompt-mark.yaml`: the mark on the host's prompts, which guests must not know: readable by its owner alone, and apart
 * from the settings, which people copy and show around. Drawn at the first start, without a question.
 */
import { randomBytes } from "node:crypto";
import fsp from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { drawMark, MARK_BYTES, type PromptMark, promptMark } from "#shared/model/prompt-mark.ts";
import { problemWords, readYaml, unreadable } from "#shared/model/yaml-file.ts";
import { Emitter } from "../base/emitter.ts";
import { writeFileAtomically } from "../base/write-file.ts";

const HEADING = "# The mark on Atoll's prompts. Whoever knows it can imitate them: show it to nobody.\n";

export class PromptMarkFile extends Emitter<{ changed: [PromptMark] }> {
  readonly #file: string;
  readonly #log: (line: string) => void;
  #current: PromptMark | null = null;

  constructor(configFolder: string, log: (line: string) => void) {
    super();
    this.#file = path.join(configFolder, "prompt-mark.yaml");
    this.#log = log;
  }

  /** null: the file cannot be read, or written. It is left as it is until a person has another mark drawn. */
  get current(): PromptMark | null {
    return this.#current;
  }

  /** Never fails: without a mark prompts say that it is missing. */
  async load(): Promise<void> {
    try {
      // The file of another program, or one that was copied here, may be open to others.
      await fsp.chmod(this.#file, 0o600);
      const read = readYaml(promptMark, await fsp.readFile(this.#file, "utf8"), this.#file);
      if (read.ok) this.#current = read.value;
      else this.#log(problemWords(read.problem));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        return this.#log(problemWords(unreadable(this.#file, error)));
      await this.draw().catch((failure: unknown) => this.#log(messageOf(failure)));
    }
  }

  /** Draws another mark and keeps it. @throws AppError file.write-failed */
  async draw(): Promise<void> {
    const mark = drawMark(randomBytes(MARK_BYTES));
    try {
      await fsp.mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 });
      await writeFileAtomically(this.#file, HEADING + stringify(mark));
    } catch (cause) {
      throw new AppError(
        "file.write-failed",
        `The mark of the prompts was not changed, because ${this.#file} cannot be written: ${messageOf(cause)}.`,
        { file: this.#file },
        { cause },
      );
    }
    this.#current = mark;
    this.emit("changed", mark);
  }
}
