/** The template builds that are under way, as main reports them. */
import { createStore } from "zustand/vanilla";
import type { TemplateProgress } from "#shared/model/template.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

export interface TemplateStoreState {
  /** By the template's name. */
  builds: Readonly<Record<string, TemplateProgress>>;
}

export interface TemplateStore extends ReadonlyStore<TemplateStoreState> {
  take: (progress: TemplateProgress) => void;
  /** It is built, or failed: the VMs that wait for it say so. */
  ended: (name: string) => void;
}

export function createTemplateStore(): TemplateStore {
  const { getState, getInitialState, setState, subscribe } = createStore<TemplateStoreState>(() => ({ builds: {} }));
  return {
    getState,
    getInitialState,
    subscribe,
    take: (progress) => setState(({ builds }) => ({ builds: { ...builds, [progress.name]: progress } })),
    ended: (name) =>
      setState(({ builds }) => ({
        builds: Object.fromEntries(Object.entries(builds).filter(([other]) => other !== name)),
      })),
  };
}
