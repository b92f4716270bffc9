/** Main's questions to the person, as prompts, and what is done with the answers. */
import type { Shell } from "../shell/shell.ts";
import type { VmId } from "#shared/model/vm.ts";

/** The prompt of a question that main asks again replaces the one that is there. */
export function answerQuestions({ bridge, prompts, send }: Pick<Shell, "bridge" | "prompts" | "send">): void {
  let asking: AbortController | null = null;

  async function askQuit(vms: readonly VmId[]): Promise<void> {
    asking?.abort();
    asking = new AbortController();
    const outcome = await prompts.ask({
      kind: "quit",
      payload: { vms },
      signal: asking.signal,
      shown: () => bridge.report("quit.shown", {}),
    });
    if (outcome.status === "cancelled" || outcome.answer === null) return;
    const { answer } = outcome;
    send("desktop.quit", answer);
    if (answer.vms === "keep") return;
    const waiting = await prompts.ask({ kind: "quitting", payload: { vms } });
    if (waiting.status === "answered") send("desktop.quit", { vms: "keep", remember: answer.remember });
  }

  bridge.on("quit.asked", ({ vms }) => void askQuit(vms));
}
