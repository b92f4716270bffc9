/** Prompts of crossings, for the `atoll` command. */
import type { crossingContract } from "#shared/ipc/crossing.ts";
import { partyName } from "#shared/model/crossing.ts";
import type { AskCard } from "#shared/model/network.ts";
import type { Application } from "../application.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Crossings } from "./crossings.ts";
import type { PromptButtonPlace } from "#shared/ipc/window.ts";
import { targetWords } from "../policy/explain.ts";
import { bytesSoFar } from "./prompts.ts";

interface Parts {
  application: Application;
  crossings: Crossings;
  /** Cards of what VMs have asked for on the network: they are answered like prompts. */
  network: { readonly asks: { readonly cards: readonly AskCard[] } };
}

export function crossingHandlers({ application, crossings, network }: Parts): Handlers<typeof crossingContract> {
  return {
    "prompt.list": async () => {
      const open = crossings.prompts;
      const { cards } = network.asks;
      const buttons = open.length + cards.length === 0 ? [] : await application.desktop.promptButtons();
      const buttonsOf = (id: number): Omit<PromptButtonPlace, "prompt">[] =>
        buttons.flatMap(({ prompt, ...button }) => (prompt === id ? [button] : []));
      const prompts = open.map(({ id, content, sinceMs }) => ({
        id,
        kind: "prompt" as const,
        action: content.action,
        from: partyName(content.from),
        to: partyName(content.to),
        type: content.type,
        bytes: bytesSoFar(content),
        ageS: Math.round(performance.now() - sinceMs) / 1000,
        buttons: buttonsOf(id),
      }));
      const waiting = cards.map(({ id, vm, names, ports, sinceMs }) => ({
        id,
        kind: "card" as const,
        action: "net.connect" as const,
        from: vm,
        to: targetWords({
          ...{ kind: "destination", name: names[0] ?? null, address: null },
          ...{ port: ports[0] ?? null, protocol: null },
        }),
        type: null,
        bytes: null,
        ageS: Math.max(0, Math.round(Date.now() - sinceMs) / 1000),
        buttons: buttonsOf(id),
      }));
      return [...prompts, ...waiting];
    },
  };
}
