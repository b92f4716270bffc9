/** Prompts of crossings, for the `atoll` command. */
import type { crossingContract } from "#shared/ipc/crossing.ts";
import { partyName } from "#shared/model/crossing.ts";
import type { Application } from "../application.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Crossings } from "./crossings.ts";
import { bytesSoFar } from "./prompts.ts";

interface Parts {
  application: Application;
  crossings: Crossings;
}

export function crossingHandlers({ application, crossings }: Parts): Handlers<typeof crossingContract> {
  return {
    "prompt.list": async () => {
      const open = crossings.prompts;
      const buttons = open.length === 0 ? [] : await application.desktop.promptButtons();
      return open.map(({ id, content, sinceMs }) => ({
        id,
        kind: "prompt" as const,
        action: content.action,
        from: partyName(content.from),
        to: partyName(content.to),
        type: content.type,
        bytes: bytesSoFar(content),
        ageS: Math.round(performance.now() - sinceMs) / 1000,
        buttons: buttons.flatMap(({ prompt, ...button }) => (prompt === id ? [button] : [])),
      }));
    },
  };
}
