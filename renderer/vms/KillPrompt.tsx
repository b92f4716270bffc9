/** Asks before a VM's power is cut: what its programs have not saved is lost. */
import type { PromptAnswer, PromptPayload } from "../shell/prompts.ts";
import { useShell } from "../shell/shell.ts";
import { useTag } from "../shell/use-vm.ts";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";
import { Tag } from "../ui/Tag.tsx";
import { STOP_WAIT_S } from "./stop.ts";

interface KillPromptProps {
  payload: PromptPayload<"vm.kill">;
  answer: (answer: PromptAnswer<"vm.kill">) => void;
}

export function KillPrompt({ payload: { vm }, answer }: KillPromptProps) {
  const { send } = useShell();
  const tag = useTag(vm);
  const shutDown = (): void => {
    answer(false);
    send("vm.stop", { vm, waitS: STOP_WAIT_S });
  };
  return (
    <Prompt
      title={`Kill “${tag.name}”?`}
      text={
        <>
          <p>Its power is cut at once, and what its programs have not saved is lost. Shutting down lets them finish.</p>
          <div className="prompt-tags">
            <Tag tag={tag} />
          </div>
        </>
      }
      cancel={() => answer(false)}
      buttons={
        <>
          <PromptButton press={shutDown}>Shut down</PromptButton>
          <PromptButton kind="danger" press={() => answer(true)}>
            Kill
          </PromptButton>
        </>
      }
    />
  );
}
