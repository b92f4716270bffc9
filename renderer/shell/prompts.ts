/**
 * Questions of the host to the person at the desktop. They wait in the order in which they were asked; the first one is shown,
 * and owns the keyboard until it is answered or whoever asked takes it back. Nothing else takes it away: no menu, no shortcut,
 * no window of a guest.
 */
import { createStore } from "zustand/vanilla";
import type { QuestionAnswer, QuestionName, QuestionPayload } from "#shared/ipc/index.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

/** Main's questions by their names (shared/ipc). */
export type PromptKinds = {
  [Name in QuestionName]: { payload: QuestionPayload<Name>; answer: QuestionAnswer<Name> };
};

export type PromptKind = keyof PromptKinds;
export type PromptPayload<Kind extends PromptKind> = PromptKinds[Kind]["payload"];
export type PromptAnswer<Kind extends PromptKind> = PromptKinds[Kind]["answer"];

/** A prompt that waits for its answer. */
export type Prompt<Kinds extends PromptKind = PromptKind> = {
  [Kind in Kinds]: {
    readonly id: number;
    readonly kind: Kind;
    readonly payload: PromptPayload<Kind>;
    /** When it was asked, performance.now(). */
    readonly askedMs: number;
  };
}[Kinds];

/** `cancelled`: whoever asked took the question back. */
export type PromptOutcome<Kind extends PromptKind> =
  { status: "answered"; answer: PromptAnswer<Kind> } | { status: "cancelled" };

export interface Question<Kind extends PromptKind> {
  kind: Kind;
  payload: PromptPayload<Kind>;
  /** Takes the question back, shown or not. */
  signal?: AbortSignal;
  /** The prompt is on the screen, or its turn comes after the one that is. */
  shown?: () => void;
}

export interface PromptState {
  /** The first one is shown. */
  waiting: readonly Prompt[];
}

export interface PromptQueue extends ReadonlyStore<PromptState> {
  /** Resolves once, with the answer or because the question was taken back. */
  ask: <Kind extends PromptKind>(question: Question<Kind>) => Promise<PromptOutcome<Kind>>;
  /** The person's answer; nothing happens when the prompt is gone. */
  answer: <Kind extends PromptKind>(prompt: Prompt<Kind>, answer: PromptAnswer<Kind>) => void;
  /** What is asked has changed; `to` gives the same object where nothing has. */
  change: <Kind extends PromptKind>(kind: Kind, to: (payload: PromptPayload<Kind>) => PromptPayload<Kind>) => void;
  /** It cannot be shown, and is asked no more: as if whoever asked had taken it back. */
  putAway: (prompt: Prompt) => void;
  /** The view has drawn the queue as it is now. */
  noteShown: () => void;
}

/** The kind of the question makes its answer; TypeScript cannot follow the pair through a map. */
type AnyOutcome = { status: "answered"; answer: unknown } | { status: "cancelled" };
interface Asked {
  settle: (outcome: AnyOutcome) => void;
  shown: (() => void) | undefined;
}

export function createPromptQueue(): PromptQueue {
  const { getState, getInitialState, setState, subscribe } = createStore<PromptState>(() => ({ waiting: [] }));
  const asked = new Map<number, Asked>();
  let lastId = 0;

  function end(id: number, outcome: AnyOutcome): void {
    const ended = asked.get(id);
    if (ended === undefined) return;
    asked.delete(id);
    setState(({ waiting }) => ({ waiting: waiting.filter((prompt) => prompt.id !== id) }));
    ended.settle(outcome);
  }

  return {
    getState,
    getInitialState,
    subscribe,
    ask: <Kind extends PromptKind>({ kind, payload, signal, shown }: Question<Kind>) => {
      if (signal?.aborted === true) return Promise.resolve({ status: "cancelled" });
      const id = (lastId += 1);
      return new Promise<PromptOutcome<Kind>>((resolve) => {
        const takeBack = (): void => end(id, { status: "cancelled" });
        signal?.addEventListener("abort", takeBack, { once: true });
        const settle = (outcome: AnyOutcome): void => {
          signal?.removeEventListener("abort", takeBack);
          resolve(outcome as PromptOutcome<Kind>);
        };
        asked.set(id, { settle, shown });
        setState(({ waiting }) => ({
          waiting: [...waiting, { id, kind, payload, askedMs: performance.now() } as Prompt],
        }));
      });
    },
    answer: (prompt, answer) => end(prompt.id, { status: "answered", answer }),
    change: (kind, to) => {
      const { waiting } = getState();
      const changed = waiting.map((prompt) => {
        if (prompt.kind !== kind) return prompt;
        const payload = to(prompt.payload as Parameters<typeof to>[0]);
        return payload === prompt.payload ? prompt : ({ ...prompt, payload } as Prompt);
      });
      if (changed.some((prompt, at) => prompt !== waiting[at])) setState({ waiting: changed });
    },
    putAway: ({ id }) => end(id, { status: "cancelled" }),
    noteShown: () => {
      for (const one of asked.values()) {
        one.shown?.();
        one.shown = undefined;
      }
    },
  };
}
