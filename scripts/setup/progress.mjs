// The lines that a person watches during set-up: on a terminal one per step, updated in place; in a log one when
// a step begins, one when it ends, and a sign of life between.

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const redrawMs = 120;
const signOfLifeMs = 20_000;
const titleWidth = 18;

/**
 * @typedef {object} Line
 * @property {string} title
 * @property {"waiting" | "running" | "done" | "failed"} state
 * @property {number} startedAt
 * @property {number} saidAt
 * @property {string} text what is going on, or how it ended
 */

export class Progress {
  /** @type {Map<string, Line>} */
  #lines = new Map();
  #drawn = 0;
  #frame = 0;
  /** @type {NodeJS.Timeout} */
  #timer;
  #out;
  #live;

  /** @param {NodeJS.WriteStream} [out] */
  constructor(out = process.stdout) {
    this.#out = out;
    this.#live = out.isTTY && process.env["TERM"] !== "dumb" && !process.env["CI"];
    this.#timer = setInterval(() => this.#tick(), redrawMs);
    this.#timer.unref();
  }

  /** @param {string} title */
  begin(title) {
    const now = performance.now();
    this.#lines.set(title, { title, state: "running", startedAt: now, saidAt: now, text: "" });
    if (!this.#live) this.#say("·", title, "started");
    else this.#draw();
  }

  /**
   * @param {string} title
   * @param {string} text
   */
  detail(title, text) {
    const line = this.#lines.get(title);
    if (line) line.text = text;
  }

  /**
   * @param {string} title
   * @param {string} note such as `up to date`
   */
  done(title, note) {
    this.#end(title, "done", note);
  }

  /** @param {string} title */
  failed(title) {
    this.#end(title, "failed", this.#lines.get(title)?.text ?? "");
  }

  /** @param {string} title */
  seconds(title) {
    return (performance.now() - (this.#lines.get(title)?.startedAt ?? performance.now())) / 1000;
  }

  /** Leaves the lines as they are; nothing is drawn after it. */
  close() {
    clearInterval(this.#timer);
    if (this.#live) this.#draw();
    this.#live = false;
  }

  /**
   * @param {string} title
   * @param {"done" | "failed"} state
   * @param {string} text
   */
  #end(title, state, text) {
    const line = this.#lines.get(title) ?? { title, state, startedAt: 0, saidAt: 0, text };
    this.#lines.set(title, Object.assign(line, { state, text }));
    if (this.#live) this.#draw();
    else this.#say(state === "done" ? "✓" : "✗", title, text);
  }

  /**
   * @param {string} mark
   * @param {string} title
   * @param {string} text
   */
  #say(mark, title, text) {
    this.#out.write(`${mark} ${title.padEnd(titleWidth)} ${text}`.trimEnd() + "\n");
  }

  #tick() {
    this.#frame += 1;
    if (this.#live) return this.#draw();
    const now = performance.now();
    for (const line of this.#lines.values()) {
      if (line.state !== "running" || now - line.saidAt < signOfLifeMs) continue;
      line.saidAt = now;
      this.#say("·", line.title, `${Math.round((now - line.startedAt) / 1000)} s  ${line.text}`);
    }
  }

  #draw() {
    const width = Math.max(20, (this.#out.columns ?? 80) - 1);
    const rows = [...this.#lines.values()].map((line) => {
      const title = line.title.padEnd(titleWidth);
      if (line.state === "done") return `\x1b[32m✓\x1b[0m ${cut(`${title} ${line.text}`, width - 2)}`;
      if (line.state === "failed") return `\x1b[31m✗\x1b[0m ${cut(`${title} ${line.text}`, width - 2)}`;
      const seconds = `${Math.floor((performance.now() - line.startedAt) / 1000)} s`;
      const text = `${title} ${seconds.padStart(6)}  ${line.text}`;
      return `\x1b[36m${frames[this.#frame % frames.length]}\x1b[0m ${cut(text, width - 2)}`;
    });
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : "";
    this.#out.write(up + rows.map((row) => `\x1b[2K${row}\n`).join(""));
    this.#drawn = rows.length;
  }
}

/**
 * @param {string} text
 * @param {number} width
 */
function cut(text, width) {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
