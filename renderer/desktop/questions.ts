/** Main's questions to the person, as prompts. */
import type { AskedQuestion } from "#shared/ipc/index.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Shell } from "../shell/shell.ts";

export function answerQuestions({ bridge, prompts, send }: Pick<Shell, "bridge" | "prompts" | "send">): void {
  const open = new Map<number, AbortController>();

  async function ask({ id, name, payload }: AskedQuestion): Promise<void> {
    const taken = new AbortController();
    open.set(id, taken);
    const shown = (): void => bridge.report("question.shown", { id });
    const outcome = await prompts.ask({ kind: name, payload, signal: taken.signal, shown });
    open.delete(id);
    if (outcome.status === "cancelled") return;
    const { answer } = outcome;
    bridge.answer(id, answer);
    if (name === "quit" && typeof answer === "object" && answer?.vms === "stop") void waitForVms(payload.vms);
  }

  /** Atoll ends when these VMs have shut down, or earlier when the person does not want to wait. */
  async function waitForVms(vms: readonly VmId[]): Promise<void> {
    const outcome = await prompts.ask({ kind: "quitting", payload: { vms } });
    if (outcome.status === "answered") send("desktop.quit", { vms: "keep" });
  }

  bridge.onQuestion((question) => void ask(question));
  bridge.onQuestionCancelled((id) => open.get(id)?.abort());
}
