/** Main's questions to the person, as prompts. */
import type { AskedQuestion } from "#shared/ipc/index.ts";
import type { Shell } from "../shell/shell.ts";

export function answerQuestions({ bridge, prompts }: Pick<Shell, "bridge" | "prompts">): void {
  const open = new Map<number, AbortController>();

  async function ask({ id, name, payload }: AskedQuestion): Promise<void> {
    const taken = new AbortController();
    open.set(id, taken);
    const shown = (): void => bridge.report("question.shown", { id });
    const outcome = await prompts.ask({ kind: name, payload, signal: taken.signal, shown });
    open.delete(id);
    if (outcome.status === "answered") bridge.answer(id, outcome.answer);
  }

  bridge.onQuestion((question) => void ask(question));
  bridge.onQuestionCancelled((id) => open.get(id)?.abort());
}
