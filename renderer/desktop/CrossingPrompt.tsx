/** Asks whether something may cross from one VM to another. */
import { ANSWER_MINUTES, partyName } from "#shared/model/crossing.ts";
import type { PromptAnswer, PromptPayload } from "../shell/prompts.ts";
import { Prompt, PromptButton } from "../ui/Prompt.tsx";

interface CrossingPromptProps {
  payload: PromptPayload<"crossing">;
  answer: (answer: PromptAnswer<"crossing">) => void;
}

const BUTTONS = { once: "Once", minutes: `For ${ANSWER_MINUTES} minutes`, always: "Always" } as const;

export function CrossingPrompt({ payload: { action, from, to, rule, answers }, answer }: CrossingPromptProps) {
  return (
    <Prompt
      title={`${action} from ${partyName(from)} to ${partyName(to)}?`}
      text={`Line ${rule.line} of policy.yaml asks.`}
      cancel={() => answer("deny")}
      buttons={answers.map(
        (name) =>
          name !== "deny" && (
            <PromptButton key={name} press={() => answer(name)}>
              {BUTTONS[name]}
            </PromptButton>
          ),
      )}
    />
  );
}
