/**
 * Main's way to the desktop's page: events, and questions to the person. The page comes and goes (it loads, is reloaded,
 * crashes); whoever shows it says so by `attached` and `gone`. No Electron.
 */
import { IPC } from "#shared/ipc/channels.ts";
import {
  contract,
  type EventName,
  type EventPayload,
  type QuestionAnswer,
  type QuestionName,
  type QuestionPayload,
} from "#shared/ipc/index.ts";
import { Emitter } from "../base/emitter.ts";
import { logDefect } from "../base/log.ts";
import { waitFor } from "../base/waiting.ts";

/** Sends one message to the page that is there. */
export type PostToPage = (channel: string, ...content: unknown[]) => void;

export type Outcome<Answer> =
  | { type: "answered"; answer: Answer }
  /** `page`: it is not there, or went away before the person answered; `caller`: whoever asked took it back. */
  | { type: "cancelled"; by: "page" | "caller" };

export interface AskOptions {
  /** Aborted: the page is asked to take the prompt away. */
  signal?: AbortSignal;
  /** The prompt is on the screen. */
  shown?: () => void;
}

interface OpenQuestion {
  name: QuestionName;
  shown: () => void;
  settle: (outcome: Outcome<unknown>) => void;
}

const questions = Object.assign({}, ...Object.values(contract).map((domain) => domain.questions)) as {
  [Name in QuestionName]: { answer: { parse(untrustedAnswer: unknown): unknown } };
};

export class Page extends Emitter<{ attached: [] }> {
  #post: PostToPage | null = null;
  readonly #open = new Map<number, OpenQuestion>();
  #lastId = 0;

  /** It has asked for its state: it is ready for ports, events and questions. */
  attached(post: PostToPage): void {
    this.#post = post;
    this.emit("attached");
  }

  /** It is being loaded anew, or has ended: its open questions are cancelled. */
  gone(): void {
    this.#post = null;
    for (const { settle } of [...this.#open.values()]) settle({ type: "cancelled", by: "page" });
  }

  get isAttached(): boolean {
    return this.#post !== null;
  }

  /** Nothing is kept for a page that is not there: it asks for its state when it comes. */
  send<Name extends EventName<"page">>(name: Name, payload: EventPayload<Name>): void {
    this.#post?.(IPC.event, name, payload);
  }

  /** Asks the page that is there. There is no time limit: the person may be away. */
  ask<Name extends QuestionName>(
    name: Name,
    payload: QuestionPayload<Name>,
    { signal, shown = () => undefined }: AskOptions = {},
  ): Promise<Outcome<QuestionAnswer<Name>>> {
    const post = this.#post;
    if (signal?.aborted === true) return Promise.resolve({ type: "cancelled", by: "caller" });
    if (post === null) return Promise.resolve({ type: "cancelled", by: "page" });
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      const takeBack = (): void => {
        post(IPC.questionCancelled, id);
        settle({ type: "cancelled", by: "caller" });
      };
      const settle = (outcome: Outcome<unknown>): void => {
        this.#open.delete(id);
        signal?.removeEventListener("abort", takeBack);
        // `answered` has parsed it by the schema of this name.
        resolve(outcome as Outcome<QuestionAnswer<Name>>);
      };
      signal?.addEventListener("abort", takeBack, { once: true });
      this.#open.set(id, { name, shown, settle });
      post(IPC.question, { id, name, payload });
    });
  }

  /**
   * Asks, and asks again when the page has gone away before the answer and is back. Resolves with null when `signal` is aborted.
   *
   * @param payload what is asked, or what gives it as it is at that moment
   */
  async askUntilAnswered<Name extends QuestionName>(
    name: Name,
    payload: QuestionPayload<Name> | (() => QuestionPayload<Name>),
    options: AskOptions = {},
  ): Promise<QuestionAnswer<Name> | null> {
    for (;;) {
      const outcome = await this.ask(name, typeof payload === "function" ? payload() : payload, options);
      if (outcome.type === "answered") return outcome.answer;
      if (outcome.by === "caller") return null;
      await this.#nextAttached(options.signal);
    }
  }

  /** The page answers one of its questions; the answer to one that was cancelled meanwhile is ignored. */
  answered(untrustedId: unknown, untrustedAnswer: unknown): void {
    const question = this.#open.get(untrustedId as number);
    if (question === undefined) return;
    try {
      question.settle({ type: "answered", answer: questions[question.name].answer.parse(untrustedAnswer) });
    } catch (error) {
      // Not counted as any answer: the person, who is still asked, can give a proper one.
      logDefect(`refused an answer to ${question.name}`, error);
    }
  }

  shown(id: number): void {
    this.#open.get(id)?.shown();
  }

  /** Resolves also when `signal` is aborted. */
  async #nextAttached(signal: AbortSignal | undefined): Promise<void> {
    if (this.isAttached) return;
    await waitFor({ listen: ({ resolve }) => this.on("attached", resolve), signal }).catch(() => undefined);
  }
}
