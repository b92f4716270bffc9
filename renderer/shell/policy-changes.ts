/** Changes of the policy that were made here, or by an answer to a prompt, since the desktop started: each can be undone, the last first. */
import { createStore } from "zustand/vanilla";
import type { AtollBridge, Envelope, RequestInput } from "#shared/ipc/index.ts";
import type { PolicyChange } from "#shared/ipc/policy.ts";
import type { NoticeQueue } from "../ui/notices.ts";
import { Repeats } from "./repeats.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface DoneChange {
  change: number;
  /** What was done, in a sentence. */
  words: string;
}

export interface PolicyChangesState {
  /** The last one last. */
  done: readonly DoneChange[];
}

export interface PolicyChanges extends ReadonlyStore<PolicyChangesState> {
  set: (change: RequestInput<"policy.setCell">) => Promise<unknown>;
  /** A rule that was made of a connection. */
  connect: (proposed: RequestInput<"network.makeRule">) => Promise<void>;
  takeBack: (rule: RequestInput<"policy.takeBack">) => Promise<unknown>;
  /** Takes all rules away that name this VM. */
  deleteRules: (name: string) => Promise<unknown>;
  /** Takes the rules of a file in; null: that failed, and was told. */
  import: (file: RequestInput<"policy.import">) => Promise<PolicyChange | null>;
  /** The rules that were last in force are the file again. */
  restore: () => Promise<unknown>;
  /** A prompt's "Always" has written a rule. */
  note: (change: PolicyChange) => void;
  /** Takes the last change back; nothing happens where there is none. */
  undo: () => Promise<void>;
}

const MAX_DONE = 100;

type ChangeName =
  "policy.setCell" | "network.makeRule" | "policy.takeBack" | "policy.deleteRules" | "policy.import" | "policy.restore";

export function createPolicyChanges(bridge: Pick<AtollBridge, "request">, notices: NoticeQueue): PolicyChanges {
  const { getState, getInitialState, setState, subscribe } = createStore<PolicyChangesState>(() => ({ done: [] }));
  const repeats = new Repeats();
  const add = ({ change }: PolicyChange, words: string): void =>
    setState(({ done }) => ({ done: [...done, { change, words }].slice(-MAX_DONE) }));

  /** null: it was not made. */
  async function make<Name extends ChangeName>(
    name: Name,
    input: RequestInput<Name>,
    words: (change: PolicyChange) => string,
  ): Promise<PolicyChange | null> {
    const answer = await repeats.once<Envelope<PolicyChange>>([name, input], () => bridge.request(name, input));
    if (answer === null) return null;
    if (answer.ok) add(answer.value, words(answer.value));
    else notices.show(answer.error.message);
    return answer.ok ? answer.value : null;
  }

  async function undoOne(undone: DoneChange | undefined): Promise<void> {
    if (undone === undefined) return;
    // Gone at once: pressed twice it undoes two changes, not one twice.
    setState(({ done }) => ({ done: done.filter((one) => one !== undone) }));
    const answer = await bridge.request("policy.undo", { change: undone.change });
    if (!answer.ok) notices.show(answer.error.message);
  }

  return {
    getState,
    getInitialState,
    subscribe,
    set: (wanted) =>
      make("policy.setCell", wanted, ({ rule }) => {
        const line = rule === null ? "" : `, line ${rule.line}`;
        return `You set ${wanted.from} → ${wanted.to} to ${wanted.decision}${line}.`;
      }),
    connect: async (proposed) => {
      const { vm, to, decision } = proposed;
      const words = ({ rule }: PolicyChange): string =>
        `You set ${vm} → ${to} to ${decision}${rule === null ? "" : `, line ${rule.line}`}.`;
      const made = await make("network.makeRule", proposed, words);
      if (made === null) return;
      // This one, whatever was changed since.
      const run = (): void => void undoOne(getState().done.find(({ change }) => change === made.change));
      notices.tell(words(made), { isGood: true, action: { text: "Undo", run } });
    },
    takeBack: (rule) => make("policy.takeBack", rule, () => `You took line ${rule.line} back.`),
    deleteRules: (name) => make("policy.deleteRules", { name }, () => `You deleted the rules that name ${name}.`),
    import: (file) => make("policy.import", file, () => `You imported the rules of ${file.name}.`),
    restore: () => make("policy.restore", {}, () => "You put the last good policy.yaml back."),
    note: (change) =>
      add(change, change.rule === null ? "A rule was taken away." : `“Always” wrote line ${change.rule.line}.`),
    undo: () => undoOne(getState().done.at(-1)),
  };
}
