/** What becomes of the VMs that run when Atoll's window closes. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import type { VmId } from "#shared/model/vm.ts";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";
import { Tag } from "../ui/Tag.tsx";
import { tagOf, vmStore } from "../vms/store.ts";
import { bridge, order } from "./bridge.ts";
import { setOverlay } from "./store.ts";

export function QuitPrompt({ question, vms: running }: { question: number; vms: readonly VmId[] }) {
  const vms = useStore(vmStore, (state) => state.vms);
  const [isRemembered, setRemembered] = useState(false);
  const [isStopping, setStopping] = useState(false);
  useEffect(() => bridge.report("question.shown", { id: question }), [question]);
  const answer = (chosen: "keep" | "stop"): void => {
    setStopping(chosen === "stop");
    bridge.answer<"quit">(question, { vms: chosen, remember: isRemembered });
  };
  const dismiss = (): void => {
    bridge.answer<"quit">(question, null);
    setOverlay(null);
  };
  const left = running.filter((id) => vms.some((vm) => vm.id === id && vm.state !== "stopped"));
  return (
    <Prompt
      title={isStopping ? "The VMs shut down" : "Quit Atoll?"}
      text={
        <>
          <p>
            {isStopping
              ? "Atoll ends as soon as they are off."
              : running.length === 1
                ? "A VM runs. Kept running, it is here again with its windows at the next start."
                : "VMs run. Kept running, they are here again with their windows at the next start."}
          </p>
          <div className="prompt-tags">
            {left.map((id) => (
              <Tag key={id} tag={tagOf(vms, id)} />
            ))}
          </div>
        </>
      }
      cancel={isStopping ? null : dismiss}
      buttons={
        isStopping ? (
          <PromptButton press={() => order("desktop.quit", { vms: "keep" })}>Quit now, keep them running</PromptButton>
        ) : (
          <>
            <PromptButton press={() => answer("stop")}>Shut down</PromptButton>
            <PromptButton kind="main" press={() => answer("keep")}>
              Keep running
            </PromptButton>
          </>
        )
      }
    >
      {!isStopping && (
        <label className="prompt-check">
          <input type="checkbox" checked={isRemembered} onChange={(event) => setRemembered(event.target.checked)} />
          Do the same next time and do not ask
        </label>
      )}
    </Prompt>
  );
}
