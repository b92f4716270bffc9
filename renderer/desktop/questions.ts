/** Questions that main asks the person, as prompts. */
import { bridge } from "./bridge.ts";
import { desktopStore, setOverlay } from "./store.ts";

export function followQuestions(): void {
  bridge.onQuestion(({ id, name, payload }) => {
    if (name === "quit") setOverlay({ kind: "quit-prompt", question: id, vms: payload.vms });
    else setOverlay({ kind: "kill-prompt", question: id, vm: payload.vm });
  });
  bridge.onQuestionCancelled((id) => {
    const { overlay } = desktopStore.getState();
    if (overlay !== null && "question" in overlay && overlay.question === id) setOverlay(null);
  });
}
