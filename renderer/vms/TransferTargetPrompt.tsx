/** Asks which VM gets the files that a person in another one wants to send. */
import type { PromptAnswer, PromptPayload } from "../shell/prompts.ts";
import { useTag } from "../shell/use-vm.ts";
import { GuestText } from "../ui/GuestText.tsx";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";
import { Tag } from "../ui/Tag.tsx";

interface TransferTargetPromptProps {
  payload: PromptPayload<"transfer.target">;
  answer: (answer: PromptAnswer<"transfer.target">) => void;
}

export function TransferTargetPrompt({ payload, answer }: TransferTargetPromptProps) {
  const { from, names, chosen, targets } = payload;
  const tag = useTag(from);
  const more = chosen - names.length;
  return (
    <Prompt
      title={chosen === 1 ? "Send it to which VM?" : `Send ${chosen} files to which VM?`}
      text={
        <>
          <div className="prompt-tags">
            <Tag tag={tag} />
          </div>
          <p>
            <GuestText text={names.join("\n")} />
            {more > 0 && ` and ${more} more`}
          </p>
        </>
      }
      cancel={() => answer(null)}
      buttons={targets.map(({ vm, name, label, asks }) => (
        <PromptButton key={vm} press={() => answer(vm)}>
          <Tag tag={{ name, label }} />
          {asks && " …"}
        </PromptButton>
      ))}
    />
  );
}
