/** What main says of crossings that are asked about, in front or in the queue: their prompts have it when their turn comes. */
import type { Shell } from "../../shell/shell.ts";

export function followCrossingPrompts({ bridge, prompts }: Pick<Shell, "bridge" | "prompts">): void {
  bridge.on("crossing.preview", ({ prompt, preview }) =>
    prompts.change("crossing", (asked) => (asked.prompt === prompt ? { ...asked, preview } : asked)),
  );
  bridge.on("crossing.joined", ({ prompt, requests }) =>
    prompts.change("crossing", (asked) => (asked.prompt === prompt ? { ...asked, requests } : asked)),
  );
}
