/** What main asks of the page's window manager, matched with its answers. Positions are DOM pixels of the page. */
import type { WmAnswerValue, WmCommand } from "#shared/ipc/window.ts";
import { AppError, type ErrorValue, fromErrorValue } from "#shared/model/app-error.ts";
import type { Page } from "../ipc/page.ts";

/** Longest that the page may take for a command. */
const ANSWER_TIMEOUT_MS = 5_000;

export type WmAnswer = { ok: true; value: WmAnswerValue } | { ok: false; error: ErrorValue };

export class WindowCommands {
  readonly #page: Page;
  readonly #pending = new Map<number, (answer: WmAnswer) => void>();
  #lastId = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Rejects with what the page says, desktop.not-ready, or window.timeout. */
  run(command: WmCommand): Promise<WmAnswerValue> {
    if (!this.#page.isAttached)
      return Promise.reject(new AppError("desktop.not-ready", "The desktop is not ready yet: try again in a moment."));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const settle = (answer: WmAnswer): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        if (answer.ok) resolve(answer.value);
        else reject(fromErrorValue(answer.error));
      };
      const timer = setTimeout(() => {
        const message = `The desktop did not answer within ${ANSWER_TIMEOUT_MS / 1000} s.`;
        settle({ ok: false, error: { code: "window.timeout", message, details: { command: command.type } } });
      }, ANSWER_TIMEOUT_MS);
      this.#pending.set(id, settle);
      this.#page.send("wm.command", { id, command });
    });
  }

  /** An answer that comes too late is for nobody. */
  answered(id: number, answer: WmAnswer): void {
    this.#pending.get(id)?.(answer);
  }
}
