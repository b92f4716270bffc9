/** Atoll waits for its VMs to shut down, and then ends; it need not wait. */
import type { PromptAnswer, PromptPayload } from "../shell/prompts.ts";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";
import { RunningVms } from "./RunningVms.tsx";

interface QuittingPromptProps {
  payload: PromptPayload<"quitting">;
  answer: (answer: PromptAnswer<"quitting">) => void;
}

export function QuittingPrompt({ payload: { vms }, answer }: QuittingPromptProps) {
  return (
    <Prompt
      title="The VMs are shutting down"
      text={
        <>
          <p>Atoll ends as soon as they are off.</p>
          <RunningVms ids={vms} />
        </>
      }
      cancel={null}
      buttons={<PromptButton press={() => answer("quit-now")}>Quit now, keep them running</PromptButton>}
    />
  );
}
