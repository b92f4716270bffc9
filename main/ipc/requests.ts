/** Reports that belong to the question channel itself. */
import type { questionContract } from "#shared/ipc/question.ts";
import type { Handlers } from "./dispatcher.ts";
import type { Page } from "./page.ts";

export function questionHandlers({ page }: { page: Page }): Handlers<typeof questionContract> {
  return { "question.shown": ({ id }) => page.shown(id) };
}
