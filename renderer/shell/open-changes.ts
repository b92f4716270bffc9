/** Changes of open.yaml that were made here, or by an answer to a prompt, since the desktop started: each can be undone, the last first. */
import { createStore } from "zustand/vanilla";
import type { AtollBridge, Envelope, RequestInput } from "#shared/ipc/index.ts";
import type { OpenChange } from "#shared/ipc/open.ts";
import { TYPE_GROUP_WORDS } from "#shared/model/open.ts";
import type { NoticeQueue } from "../ui/notices.ts";
import type { DoneChange, PolicyChangesState } from "./policy-changes.ts";
import { Repeats } from "./repeats.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface OpenChanges extends ReadonlyStore<PolicyChangesState> {
  set: (rule: RequestInput<"open.setRule">) => Promise<void>;
  takeBack: (rule: RequestInput<"open.takeBack">) => Promise<void>;
  /** A prompt's "Always" has written a rule. */
  note: (change: OpenChange) => void;
  /** Takes the last change back; nothing happens where there is none. */
  undo: () => Promise<void>;
}

const MAX_DONE = 100;

export function createOpenChanges(bridge: Pick<AtollBridge, "request">, notices: NoticeQueue): OpenChanges {
  const { getState, getInitialState, setState, subscribe } = createStore<PolicyChangesState>(() => ({ done: [] }));
  const repeats = new Repeats();
  const add = (change: DoneChange): void => setState(({ done }) => ({ done: [...done, change].slice(-MAX_DONE) }));

  async function make<Name extends "open.setRule" | "open.takeBack">(
    name: Name,
    input: RequestInput<Name>,
    words: (change: OpenChange) => string,
  ): Promise<void> {
    const answer = await repeats.once<Envelope<OpenChange>>([name, input], () => bridge.request(name, input));
    if (answer === null) return;
    if (answer.ok) add({ change: answer.value.change, words: words(answer.value) });
    else notices.show(answer.error.message);
  }

  return {
    getState,
    getInitialState,
    subscribe,
    set: (wanted) =>
      make("open.setRule", wanted, ({ rule }) => {
        const line = rule === null ? "" : `, line ${rule.line}`;
        return `You set ${TYPE_GROUP_WORDS[wanted.group]} from ${wanted.from} to ${wanted.in}${line}.`;
      }),
    takeBack: (rule) => make("open.takeBack", rule, () => `You took line ${rule.line} back.`),
    note: ({ change, rule }) =>
      add({
        change,
        words: rule === null ? "A rule was taken away." : `“Always” wrote line ${rule.line} of open.yaml.`,
      }),
    undo: async () => {
      const last = getState().done.at(-1);
      if (last === undefined) return;
      // Gone at once: pressed twice it undoes two changes, not one twice.
      setState(({ done }) => ({ done: done.slice(0, -1) }));
      const answer = await bridge.request("open.undo", { change: last.change });
      if (!answer.ok) notices.show(answer.error.message);
    },
  };
}
