/** Asks before a VM loses its power: what its programs have not saved is gone. */
import type { VmId } from "#shared/model/vm.ts";
import { order } from "../host/bridge.ts";
import { setOverlay } from "../shell/desktop-store.ts";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";
import { Tag } from "../ui/Tag.tsx";
import { useTag } from "../shell/use-vm.ts";

export function KillPrompt({ vm }: { vm: VmId }) {
  const tag = useTag(vm);
  const answer = (name: "vm.stop" | "vm.kill"): void => {
    setOverlay(null);
    order(name, { vm });
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
      cancel={() => setOverlay(null)}
      buttons={
        <>
          <PromptButton press={() => answer("vm.stop")}>Shut down</PromptButton>
          <PromptButton kind="danger" press={() => answer("vm.kill")}>
            Kill
          </PromptButton>
        </>
      }
    />
  );
}
