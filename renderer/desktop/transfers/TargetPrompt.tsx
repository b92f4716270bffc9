/** A person sends files from within a VM: asks which VM gets them. The names are that VM's word, and quotations here. */
import "./target-prompt.css";
import { useRef, useState } from "react";
import type { VmId } from "#shared/model/vm.ts";
import type { PromptAnswer, PromptPayload } from "../../shell/prompts.ts";
import { useTag } from "../../shell/use-vm.ts";
import { ChoiceList } from "../../ui/ChoiceList.tsx";
import { countOf } from "../../ui/format.ts";
import { GuestName } from "../../ui/GuestText.tsx";
import { Prompt, PromptButton } from "../../ui/Prompt.tsx";
import { Tag } from "../../ui/Tag.tsx";

/** Names that are shown: the others are counted. */
const SHOWN_NAMES = 5;

interface TargetPromptProps {
  payload: PromptPayload<"transfer.target">;
  answer: (answer: PromptAnswer<"transfer.target">) => void;
}

export function TargetPrompt({ payload: { from, names, chosen: count, targets }, answer }: TargetPromptProps) {
  const source = useTag(from);
  // Not the first at once: a key that was meant for a program must not send anything.
  const [chosen, setChosen] = useState<VmId | null>(null);
  const first = useRef<HTMLElement>(null);
  const target = targets.find(({ vm }) => vm === chosen);
  const more = count - Math.min(names.length, SHOWN_NAMES);
  const send = (): void => (target === undefined ? undefined : answer(target.vm));
  return (
    <Prompt
      title={`Send ${count === 1 ? "a file" : countOf(count, "file")} of ${source.name} to which VM?`}
      isWide
      initialFocus={first}
      text={
        <div className="target-files" data-label={source.label}>
          <Tag tag={source} />
          <ul>
            {names.slice(0, SHOWN_NAMES).map((name, at) => (
              <li key={at}>
                <GuestName name={name} />
              </li>
            ))}
            {more > 0 && <li>and {more} more</li>}
          </ul>
        </div>
      }
      cancel={() => answer(null)}
      buttons={
        target !== undefined && (
          <PromptButton kind="main" press={send}>
            {target.asks ? `Ask, then send to ${target.name}` : `Send to ${target.name}`}
          </PromptButton>
        )
      }
      note={<span>They arrive in a folder called {source.name}, and never replace a file that is there.</span>}
    >
      {targets.length === 0 ? (
        <p className="target-none">
          The policy lets files of {source.name} go to no VM. What may cross is in Atoll’s menu, under Policy.
        </p>
      ) : (
        <ChoiceList
          label="Send to"
          choices={targets.map(({ vm, name, label, asks }) => ({
            key: vm,
            name,
            what: <Tag tag={{ name, label }} />,
            note: asks ? "asks once more" : "",
          }))}
          chosen={chosen}
          choose={(key) => setChosen(key as VmId)}
          confirm={send}
          first={first}
        />
      )}
    </Prompt>
  );
}
