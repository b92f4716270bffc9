/** The last lines of a service's log, in memory: what Atoll did with it, and what its program says. */
import { cleanText } from "#shared/model/text.ts";
import type { ServiceLogLine } from "#shared/model/service.ts";

const MAX_LINES = 500;

export class ServiceLog {
  readonly #lines: ServiceLogLine[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  get lines(): readonly ServiceLogLine[] {
    return this.#lines;
  }

  /** @param text of the program: guest text, which is cleaned here */
  add(from: ServiceLogLine["from"], level: ServiceLogLine["level"], text: string): void {
    this.#lines.push({ timeMs: this.#nowMs(), level, from, text: cleanText(text, 1_000) });
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }
}
