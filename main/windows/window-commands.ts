/** What main asks of the page's window manager, matched with its answers. Positions are DOM pixels of the page. */
import type { WmAnswerValue, WmCommand } from "#shared/ipc/window.ts";
import { AppError, type ErrorValue, fromErrorValue } from "#shared/model/app-error.ts";
import { type Settle, waitFor } from "../base/waiting.ts";
import type { Page } from "../ipc/page.ts";

/** Longest that the page may take for a command. */
const ANSWER_TIMEOUT_MS = 5_000;

export type WmAnswer = { ok: true; value: WmAnswerValue } | { ok: false; error: ErrorValue };

export class WindowCommands {
  readonly #page: Page;
  readonly #pending = new Map<number, Settle<WmAnswerValue>>();
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
    return waitFor<WmAnswerValue>({
      listen: (settle) => {
        this.#pending.set(id, settle);
        this.#page.send("wm.command", { id, command });
        return () => this.#pending.delete(id);
      },
      timeoutMs: ANSWER_TIMEOUT_MS,
      onTimeout: ({ reject }) => {
        const message = `The desktop did not answer within ${ANSWER_TIMEOUT_MS / 1000} s.`;
        reject(new AppError("window.timeout", message, { command: command.type }));
      },
    });
  }

  /** An answer that comes too late is for nobody. */
  answered(id: number, answer: WmAnswer): void {
    const asked = this.#pending.get(id);
    if (answer.ok) asked?.resolve(answer.value);
    else asked?.reject(fromErrorValue(answer.error));
  }
}
