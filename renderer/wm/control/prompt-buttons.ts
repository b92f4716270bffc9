/** Where the buttons of the prompt on the screen are: found in the document, by what its view says of them. */
import type { PromptButtonPlace } from "#shared/ipc/window.ts";
import { CROSSING_ANSWERS } from "#shared/model/crossing.ts";
import { CARD_ANSWERS } from "#shared/model/network.ts";

const ANSWERS = [...CROSSING_ANSWERS, ...CARD_ANSWERS];

/** DOM pixels. `[data-prompt="ID"]` is the prompt, `[data-answer="NAME"]` in it a button. */
export function promptButtons(document: ParentNode): PromptButtonPlace[] {
  return Array.from(document.querySelectorAll<HTMLElement>("[data-prompt]")).flatMap((prompt) =>
    Array.from(prompt.querySelectorAll<HTMLButtonElement>("button[data-answer]"), (button) => {
      const name = ANSWERS.find((answer) => answer === button.dataset["answer"]);
      const { x, y, width, height } = button.getBoundingClientRect();
      const place = { x, y, width, height, enabled: !button.disabled };
      return name === undefined ? [] : [{ prompt: Number(prompt.dataset["prompt"]), name, ...place }];
    }).flat(),
  );
}
