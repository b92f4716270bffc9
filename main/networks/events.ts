/** What the page is told of connections while it shows them. */
import { MAX_SHOWN_ALERTS } from "#shared/ipc/network.ts";
import type { Page } from "../ipc/page.ts";
import { shownFlow } from "./flows.ts";
import type { Network } from "./network.ts";

/** Between two of them: what changes a thousand times a second is told once. */
const CHANGED_MS = 1_000;

export function sendNetworkEvents({ network, page }: { network: Network; page: Pick<Page, "on" | "send"> }): void {
  const { flows, filter, scanner } = network;
  let hasAlerts = false;
  const changed = new Set<string>();
  const gone = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  const send = (): void => {
    timer = null;
    const now = Date.now();
    flows.forgetOld();
    if (network.isWatched) {
      const shown = [...changed].flatMap((key) => {
        const flow = flows.get(key);
        return flow === undefined ? [] : [shownFlow(flow, now)];
      });
      page.send("network.changed", {
        filter: network.view,
        flows: shown,
        gone: [...gone],
        traffic: flows.traffic,
        scanner: scanner.view,
        alerts: hasAlerts ? scanner.newest(MAX_SHOWN_ALERTS) : null,
      });
    }
    hasAlerts = false;
    changed.clear();
    gone.clear();
  };
  const soon = (): void => void (timer ??= setTimeout(send, CHANGED_MS));
  flows.on("changed", ({ key }) => {
    changed.add(key);
    soon();
  });
  flows.on("gone", (key) => {
    gone.add(key);
    soon();
  });
  flows.on("traffic", soon);
  scanner.on("changed", soon);
  scanner.on("alert", () => {
    hasAlerts = true;
    soon();
  });
  filter.on("changed", soon);
  const sendCards = (): void => page.send("network.cards", { cards: [...network.asks.cards] });
  network.asks.on("changed", sendCards);
  page.on("attached", sendCards);
  // A page that is loaded anew asks again.
  page.on("attached", () => void (network.isWatched = false));
}
