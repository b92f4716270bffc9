/** Asks what becomes of the VMs that run when Atoll's window closes. */
import { useState } from "react";
import type { PromptAnswer, PromptPayload } from "../shell/prompts.ts";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";
import { RunningVms } from "./RunningVms.tsx";

interface QuitPromptProps {
  payload: PromptPayload<"quit">;
  answer: (answer: PromptAnswer<"quit">) => void;
}

export function QuitPrompt({ payload: { vms }, answer }: QuitPromptProps) {
  const [remember, setRemember] = useState(false);
  return (
    <Prompt
      title="Quit Atoll?"
      text={
        <>
          <p>
            {vms.length === 1
              ? "A VM is running. If you keep it running, it and its windows are back at the next start."
              : "VMs are running. If you keep them running, they and their windows are back at the next start."}
          </p>
          <RunningVms ids={vms} />
        </>
      }
      cancel={() => answer(null)}
      buttons={
        <>
          <PromptButton press={() => answer({ vms: "stop", remember })}>Shut down</PromptButton>
          <PromptButton kind="main" press={() => answer({ vms: "keep", remember })}>
            Keep running
          </PromptButton>
        </>
      }
    >
      <label className="prompt-check">
        <input type="checkbox" checked={remember} onChange={(event) => setRemember(event.target.checked)} />
        Do the same next time without asking
      </label>
    </Prompt>
  );
}
