/** The kiosks, as main tells of them, and those that the person has asked for and that have no window yet. */
import { createStore } from "zustand/vanilla";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { NoticeQueue } from "../ui/notices.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface KioskState {
  kiosks: readonly KioskView[];
  /** Names. */
  opening: ReadonlySet<string>;
}

export interface KioskStore extends ReadonlyStore<KioskState> {
  take: (kiosks: readonly KioskView[]) => void;
  /** One at a time of each: whoever presses twice wants one window. */
  start: (name: string) => Promise<void>;
}

export function createKioskStore(bridge: Pick<AtollBridge, "request">, notices: NoticeQueue): KioskStore {
  const { getState, getInitialState, setState, subscribe } = createStore<KioskState>(() => ({
    kiosks: [],
    opening: new Set<string>(),
  }));
  return {
    getState,
    getInitialState,
    subscribe,
    take: (kiosks) => setState({ kiosks }),
    start: async (name) => {
      if (getState().opening.has(name)) return;
      setState(({ opening }) => ({ opening: new Set([...opening, name]) }));
      const answer = await bridge.request("kiosk.start", { kiosk: name });
      setState(({ opening }) => ({ opening: new Set([...opening].filter((other) => other !== name)) }));
      if (!answer.ok) notices.show(answer.error.message);
    },
  };
}
