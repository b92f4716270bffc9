/** What main says of connections, while a view shows them. */
import { useEffect, useState } from "react";
import type { AlertView, FilterView, LinkTraffic, MovedFlows, ScannerView, ShownFlow } from "#shared/model/network.ts";
import { useShell } from "../../shell/shell.ts";

export interface NetworkState {
  filter: FilterView;
  flows: ReadonlyMap<string, ShownFlow>;
  traffic: readonly LinkTraffic[];
  scanner: ScannerView;
  /** Newest first. */
  alerts: readonly AlertView[];
}

/** `state` null: not known yet; `error`: why it will not be, in words; null: nothing went wrong. */
export function useNetwork(): { state: NetworkState | null; error: string | null } {
  const { bridge } = useShell();
  const [state, setState] = useState<NetworkState | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const watch = { isOver: false };
    const end = bridge.on("network.changed", ({ filter, flows, moved, gone, traffic, scanner, alerts }) =>
      setState((before) => {
        if (before === null) return null;
        const all = new Map(before.flows);
        for (const flow of flows) all.set(flow.key, flow);
        move(all, moved);
        for (const key of gone) all.delete(key);
        return { filter, flows: all, traffic, scanner, alerts: alerts ?? before.alerts };
      }),
    );
    void bridge.request("network.watch", { isWatched: true }).then((answer) => {
      if (watch.isOver) return;
      if (!answer.ok) return setError(answer.error.message);
      const { flows, ...rest } = answer.value;
      setState({ ...rest, flows: new Map(flows.map((flow) => [flow.key, flow])) });
    });
    return () => {
      watch.isOver = true;
      end();
      void bridge.request("network.watch", { isWatched: false });
    };
  }, [bridge]);
  return { state, error };
}

function move(flows: Map<string, ShownFlow>, { keys, numbers }: MovedFlows): void {
  for (const [index, key] of keys.entries()) {
    const flow = flows.get(key);
    const [bytesOut, bytesIn, rateOut, rateIn] = numbers.subarray(index * 4, index * 4 + 4);
    if (flow === undefined || bytesOut === undefined || bytesIn === undefined) continue;
    flows.set(key, { ...flow, bytesOut, bytesIn, rateOut: rateOut ?? 0, rateIn: rateIn ?? 0 });
  }
}
