/** The prompt whose turn it is. */
import { type ComponentType, useEffect } from "react";
import { useStore } from "zustand";
import type { Prompt, PromptAnswer, PromptKind, PromptPayload } from "../shell/prompts.ts";
import { Part, saysNothing } from "../shell/Part.tsx";
import { useShell } from "../shell/shell.ts";
import { KillPrompt } from "../vms/KillPrompt.tsx";
import { CrossingPrompt } from "./crossings/CrossingPrompt.tsx";
import { ChoosePrompt } from "./opener/ChoosePrompt.tsx";
import { QuitPrompt } from "./QuitPrompt.tsx";
import { QuittingPrompt } from "./QuittingPrompt.tsx";
import { TargetPrompt } from "./transfers/TargetPrompt.tsx";

interface PromptViewProps<Kind extends PromptKind> {
  payload: PromptPayload<Kind>;
  /** performance.now() */
  askedMs: number;
  answer: (answer: PromptAnswer<Kind>) => void;
}

interface PromptEntry<Kind extends PromptKind> {
  View: ComponentType<PromptViewProps<Kind>>;
  /** The answer by which nothing happens; undefined: there is none, the question stays open. */
  denial: PromptAnswer<Kind> | undefined;
}

const PROMPTS: { readonly [Kind in PromptKind]: PromptEntry<Kind> } = {
  crossing: { View: CrossingPrompt, denial: "deny" },
  "open.choose": { View: ChoosePrompt, denial: null },
  quit: { View: QuitPrompt, denial: null },
  quitting: { View: QuittingPrompt, denial: undefined },
  "transfer.target": { View: TargetPrompt, denial: null },
  "vm.kill": { View: KillPrompt, denial: false },
};

export function Prompts() {
  const { prompts } = useShell();
  const waiting = useStore(prompts, (state) => state.waiting);
  useEffect(() => prompts.noteShown(), [prompts, waiting]);
  const [first] = waiting;
  return first === undefined ? null : <PromptPart key={first.id} prompt={first} />;
}

/** What cannot be shown as it is, with its mark, is answered by nobody: it is denied, and the next one has its turn. */
function PromptPart({ prompt }: { prompt: Prompt }) {
  const { prompts, notices } = useShell();
  const deny = (): void => {
    const { denial } = PROMPTS[prompt.kind];
    if (denial === undefined) prompts.putAway(prompt);
    else prompts.answer(prompt, denial);
    notices.show("A question of Atoll could not be shown: nothing was allowed by it. Atoll’s log says why.");
  };
  return (
    <Part name={`The prompt (${prompt.kind})`} failed={deny} place={saysNothing}>
      <PromptView prompt={prompt} />
    </Part>
  );
}

function PromptView<Kind extends PromptKind>({ prompt }: { prompt: Prompt<Kind> }) {
  const { prompts } = useShell();
  const { View }: PromptEntry<Kind> = PROMPTS[prompt.kind];
  const { payload, askedMs } = prompt;
  return <View payload={payload} askedMs={askedMs} answer={(answer) => prompts.answer(prompt, answer)} />;
}
