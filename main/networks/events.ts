/** Events of connections for the page, while it shows them. */
import { MAX_SHOWN_ALERTS } from "#shared/ipc/network.ts";
import type { MovedFlows } from "#shared/model/network.ts";
import type { Page } from "../ipc/page.ts";
import { type Flow, shownFlow } from "./flows.ts";
import type { Network } from "./network.ts";

/** Between two of them: what changes a thousand times a second is sent once. */
const CHANGED_MS = 1_000;

export function sendNetworkEvents({ network, page }: { network: Network; page: Pick<Page, "on" | "send"> }): void {
  const { flows, filter, scanner } = network;
  let hasAlerts = false;
  const changed = new Set<string>();
  /** Of which bytes alone are others. */
  const moved = new Set<string>();
  const gone = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  const send = (): void => {
    timer = null;
    const now = Date.now();
    flows.forgetOld();
    if (network.isWatched) {
      const flowsOf = (keys: ReadonlySet<string>): Flow[] =>
        [...keys].map((key) => flows.get(key)).filter((flow) => flow !== undefined);
      for (const key of changed) moved.delete(key);
      page.send("network.changed", {
        filter: network.view,
        flows: flowsOf(changed).map((flow) => shownFlow(flow, now)),
        moved: movedOf(flowsOf(moved)),
        gone: [...gone],
        traffic: flows.traffic,
        scanner: scanner.view,
        alerts: hasAlerts ? scanner.newest(MAX_SHOWN_ALERTS) : null,
      });
    }
    hasAlerts = false;
    changed.clear();
    moved.clear();
    gone.clear();
  };
  const soon = (): void => void (timer ??= setTimeout(send, CHANGED_MS));
  flows.on("changed", ({ key }, bytesAlone) => {
    (bytesAlone ? moved : changed).add(key);
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

function movedOf(flows: readonly Flow[]): MovedFlows {
  return {
    keys: flows.map(({ key }) => key),
    numbers: Float64Array.from(
      flows.flatMap(({ cells, rateOut, rateIn }) => [cells.bytesOut, cells.bytesIn, rateOut, rateIn]),
    ),
  };
}
