/** The files that the desktop shows as icons, as main reports them, and which of them the person has chosen. */
import { createStore } from "zustand/vanilla";
import type { EventPayload } from "#shared/ipc/index.ts";
import type { ReadonlyStore } from "./readonly-store.ts";

type IconChange = EventPayload<"icon.changed">;

export interface IconState extends IconChange {
  /** Ids. */
  chosen: ReadonlySet<string>;
  /** The one that has the keyboard, when the icons have it; null: none yet. */
  current: string | null;
  /** The one whose name is being edited. */
  renaming: string | null;
  /**
   * By id, why a scan has not called it clean, for people; guest text. Gone when size or time of the file are others. That one is clean
   * is not kept: whoever has the file may write other bytes and say the same time.
   */
  suspects: ReadonlyMap<string, string>;
}

export interface IconStore extends ReadonlyStore<IconState> {
  take: (change: IconChange) => void;
  /** This one alone; null: none. */
  choose: (id: string | null) => void;
  /** It has the keyboard; what is chosen stays. */
  point: (id: string) => void;
  /** Adds it to what is chosen, or takes it out. */
  toggle: (id: string) => void;
  /** All from the current one to this one, in the order that is shown. */
  extendTo: (id: string) => void;
  chooseAll: () => void;
  rename: (id: string | null) => void;
  /** What a scan has said of these, for people; "" = clean. */
  scanned: (results: readonly { id: string; words: string }[]) => void;
}

export function createIconStore(): IconStore {
  const { getState, getInitialState, setState, subscribe } = createStore<IconState>(() => ({
    icons: [],
    more: 0,
    places: { vms: true, downloads: false, recent: false },
    chosen: new Set<string>(),
    current: null,
    renaming: null,
    suspects: new Map<string, string>(),
  }));
  return {
    getState,
    getInitialState,
    subscribe,
    take: (change) => {
      const there = new Set(change.icons.map(({ id }) => id));
      const kept = (id: string | null): string | null => (id !== null && there.has(id) ? id : null);
      const stamps = new Map(change.icons.map((icon) => [icon.id, stampOf(icon)]));
      setState(({ chosen, current, renaming, suspects, icons }) => ({
        ...change,
        suspects: new Map(
          icons.flatMap((icon) => {
            const words = suspects.get(icon.id);
            return words === undefined || stamps.get(icon.id) !== stampOf(icon) ? [] : [[icon.id, words] as const];
          }),
        ),
        chosen: new Set([...chosen].filter((id) => there.has(id))),
        current: kept(current),
        renaming: kept(renaming),
      }));
    },
    choose: (id) => setState({ chosen: new Set(id === null ? [] : [id]), current: id, renaming: null }),
    point: (current) => setState({ current }),
    toggle: (id) =>
      setState(({ chosen }) => {
        const next = new Set(chosen);
        if (!next.delete(id)) next.add(id);
        return { chosen: next, current: id };
      }),
    extendTo: (id) =>
      setState(({ icons, current }) => {
        const at = (wanted: string | null): number => icons.findIndex((icon) => icon.id === wanted);
        const [from, to] = [Math.max(0, at(current)), at(id)].toSorted((a, b) => a - b);
        return { chosen: new Set(icons.slice(from, (to ?? 0) + 1).map((icon) => icon.id)) };
      }),
    chooseAll: () => setState(({ icons }) => ({ chosen: new Set(icons.map(({ id }) => id)) })),
    rename: (renaming) => setState({ renaming }),
    scanned: (results) =>
      setState(({ suspects }) => {
        const next = new Map(suspects);
        for (const { id, words } of results) {
          if (words === "") next.delete(id);
          else next.set(id, words);
        }
        return { suspects: next };
      }),
  };
}

function stampOf({ bytes, modifiedS }: IconChange["icons"][number]): string {
  return `${bytes} ${modifiedS}`;
}
