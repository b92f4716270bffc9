/** The prompts of crossings that are open: who waits for each, what it shows, and what became of it. */
import {
  CROSSING_ANSWERS,
  type CrossingAnswer,
  type CrossingParty,
  type CrossingPreview,
  MAX_COUNTED_REQUESTS,
  MAX_PREVIEW_CHARACTERS,
} from "#shared/model/crossing.ts";
import type { QuestionPayload } from "#shared/ipc/index.ts";
import type { PolicyAction } from "#shared/model/policy.ts";
import type { Page } from "../ipc/page.ts";
import type { PreviewSource } from "./crossing-request.ts";

/** More that are open at once are not asked: nobody would answer them. */
const MAX_OPEN = 20;

export interface PromptContent {
  action: PolicyAction;
  from: CrossingParty;
  to: CrossingParty;
  type: string | null;
  app: string;
  isSecret: boolean;
  preview: PreviewSource | null;
  /** When the person copied it, performance.now(); null: it was not copied. */
  copiedMs: number | null;
  rule: { line: number; text: string };
  /** Before the content; "" = none. */
  warning: string;
  /** Beside "once" and "deny". */
  offers: readonly Exclude<CrossingAnswer, "once" | "deny">[];
}

/** A prompt that is open. */
export interface OpenPrompt {
  readonly id: number;
  readonly content: PromptContent;
  /** By the clock of `performance.now()`. */
  readonly sinceMs: number;
}

interface Asked<Result> extends OpenPrompt {
  waiting: number;
  /** That one answer is for, those that have given up too; counted as far as `MAX_COUNTED_REQUESTS`. */
  requests: number;
  readonly takeBack: AbortController;
  readonly result: Promise<Result | null>;
}

export interface PromptRequest<Result> {
  /** Requests of one key join one prompt. */
  key: string;
  content: PromptContent;
  /** Once for each prompt: what becomes of the person's answer. */
  settle: (answer: CrossingAnswer) => Promise<Result>;
}

export class Prompts<Result> {
  readonly #page: Page;
  readonly #open = new Map<string, Asked<Result>>();
  #lastId = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  get open(): readonly OpenPrompt[] {
    return [...this.#open.values()];
  }

  /** Whether a prompt of this key is open, or there is room for one. */
  canAsk(key: string): boolean {
    return this.#open.has(key) || this.#open.size < MAX_OPEN;
  }

  /**
   * What became of the prompt of this key, which may be open already; null: nobody has answered before `signal` was aborted.
   * With the last one that waits the prompt is taken back.
   */
  ask(request: PromptRequest<Result>, signal: AbortSignal | undefined): Promise<Result | null> {
    const { key } = request;
    if (signal?.aborted === true) return Promise.resolve(null);
    this.joined(key);
    const asked = this.#open.get(key) ?? this.#begin(request);
    asked.waiting += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        asked.waiting -= 1;
        if (asked.waiting === 0) this.#end(key, asked);
        resolve(null);
      };
      signal?.addEventListener("abort", leave, { once: true });
      const done = (): void => signal?.removeEventListener("abort", leave);
      asked.result.finally(done).then(resolve, reject);
    });
  }

  /** Another request of the key, if a prompt of it is open: the person reads how many they answer. */
  joined(key: string): void {
    const asked = this.#open.get(key);
    // No program fills the page's queue by asking.
    if (asked === undefined || asked.requests === MAX_COUNTED_REQUESTS) return;
    asked.requests += 1;
    this.#page.send("crossing.joined", { prompt: asked.id, requests: asked.requests });
  }

  #begin({ key, content, settle }: PromptRequest<Result>): Asked<Result> {
    this.#lastId += 1;
    const id = this.#lastId;
    const takeBack = new AbortController();
    const { preview: source, copiedMs, offers, ...shown } = content;
    const offered: readonly CrossingAnswer[] = ["once", "deny", ...offers];
    const answers = CROSSING_ANSWERS.filter((name) => offered.includes(name));
    const preview = (): CrossingPreview | null => bounded(source?.current ?? null, content.isSecret);
    const payload = (): QuestionPayload<"crossing"> => ({
      prompt: id,
      ...shown,
      answers,
      preview: preview(),
      copiedAgoS: copiedMs === null ? null : Math.max(0, (performance.now() - copiedMs) / 1000),
      requests: this.#open.get(key)?.requests ?? 1,
    });
    const stop = source?.onChange(() => {
      const now = preview();
      if (now !== null) this.#page.send("crossing.preview", { prompt: id, preview: now });
    });
    takeBack.signal.addEventListener("abort", () => stop?.(), { once: true });
    const answered = this.#page.askUntilAnswered("crossing", payload, { signal: takeBack.signal });
    const asked: Asked<Result> = {
      id,
      content,
      sinceMs: performance.now(),
      waiting: 0,
      requests: 1,
      takeBack,
      result: answered.then(async (answer) => {
        this.#end(key, asked);
        if (answer === null) return null;
        // What was not offered was not answered by a person.
        return settle(answers.includes(answer) ? answer : "deny");
      }),
    };
    this.#open.set(key, asked);
    return asked;
  }

  #end(key: string, asked: Asked<Result>): void {
    if (this.#open.get(key) === asked) this.#open.delete(key);
    asked.takeBack.abort();
  }
}

/** Bytes of the content that have come so far; null: not known, or not to be known. */
export function bytesSoFar({ preview, isSecret }: PromptContent): number | null {
  const now = preview?.current ?? null;
  return now === null || now.kind === "hidden" || isSecret ? null : now.bytes;
}

/** What is a secret is never shown, whatever the broker gives. */
function bounded(preview: CrossingPreview | null, isSecret: boolean): CrossingPreview | null {
  if (preview === null) return null;
  if (isSecret && preview.kind !== "hidden") return { kind: "hidden", characters: null };
  if (preview.kind !== "text" || preview.text.length <= MAX_PREVIEW_CHARACTERS) return preview;
  return { ...preview, text: preview.text.slice(0, MAX_PREVIEW_CHARACTERS) };
}
