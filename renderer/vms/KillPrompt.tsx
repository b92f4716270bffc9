/** Asks before a VM loses its power: what its programs have not saved is gone. */
import { useEffect } from "react";
import type { VmId } from "#shared/model/vm.ts";
import { bridge } from "../desktop/bridge.ts";
import { setOverlay } from "../desktop/store.ts";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";
import { Tag } from "../ui/Tag.tsx";
import { shutDown } from "./shut-down.ts";
import { useTag } from "./use-vm.ts";

export function KillPrompt({ question, vm }: { question: number; vm: VmId }) {
  const tag = useTag(vm);
  useEffect(() => bridge.report("question.shown", { id: question }), [question]);
  const answer = (isConfirmed: boolean): void => {
    setOverlay(null);
    bridge.answer<"vm.kill">(question, isConfirmed);
  };
  const shutDownInstead = (): void => {
    answer(false);
    shutDown(vm);
  };
  return (
    <Prompt
      title={`Kill “${tag.name}”?`}
      text={
        <>
          <p>Its power is cut at once, and what its programs have not saved is lost. Shutting down lets them end.</p>
          <div className="prompt-tags">
            <Tag tag={tag} />
          </div>
        </>
      }
      cancel={() => answer(false)}
      buttons={
        <>
          <PromptButton press={shutDownInstead}>Shut down</PromptButton>
          <PromptButton kind="danger" press={() => answer(true)}>
            Kill
          </PromptButton>
        </>
      }
    />
  );
}
