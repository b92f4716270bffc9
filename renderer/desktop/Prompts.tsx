/** The prompt whose turn it is. */
import { type ComponentType, useEffect } from "react";
import { useStore } from "zustand";
import type { Prompt, PromptAnswer, PromptKind, PromptPayload } from "../shell/prompts.ts";
import { useShell } from "../shell/shell.ts";
import { KillPrompt } from "../vms/KillPrompt.tsx";
import { CrossingPrompt } from "./crossings/CrossingPrompt.tsx";
import { ChoosePrompt } from "./opener/ChoosePrompt.tsx";
import { QuitPrompt } from "./QuitPrompt.tsx";
import { QuittingPrompt } from "./QuittingPrompt.tsx";
import { TargetPrompt } from "./transfers/TargetPrompt.tsx";

interface PromptViewProps<Kind extends PromptKind> {
  payload: PromptPayload<Kind>;
  answer: (answer: PromptAnswer<Kind>) => void;
}

const VIEWS: { readonly [Kind in PromptKind]: ComponentType<PromptViewProps<Kind>> } = {
  crossing: CrossingPrompt,
  "open.choose": ChoosePrompt,
  quit: QuitPrompt,
  quitting: QuittingPrompt,
  "transfer.target": TargetPrompt,
  "vm.kill": KillPrompt,
};

export function Prompts() {
  const { prompts } = useShell();
  const waiting = useStore(prompts, (state) => state.waiting);
  useEffect(() => prompts.noteShown(), [prompts, waiting]);
  const [first] = waiting;
  return first === undefined ? null : <PromptView key={first.id} prompt={first} />;
}

function PromptView<Kind extends PromptKind>({ prompt }: { prompt: Prompt<Kind> }) {
  const { prompts } = useShell();
  const View: ComponentType<PromptViewProps<Kind>> = VIEWS[prompt.kind];
  return <View payload={prompt.payload} answer={(answer) => prompts.answer(prompt, answer)} />;
}
