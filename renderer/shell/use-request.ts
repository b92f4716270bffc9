/** The answer of main to a request, in a view; asked again when main says that something has changed. */
import { useEffect, useMemo, useState } from "react";
import type { EventName, RequestInput, RequestName, RequestOutput } from "#shared/ipc/index.ts";
import { useShell } from "./shell.ts";

export interface Requested<Value> {
  /** The last answer to this input; null: there is none yet. */
  value: Value | null;
  /** Why there is no newer one, in words; null: nothing went wrong. */
  error: string | null;
}

const NOTHING: Requested<never> = { value: null, error: null };

interface Kept<Value> extends Requested<Value> {
  /** `value` is the answer to the input before: the one to this input is on its way. */
  isFormer: boolean;
}

/**
 * `events`: of main, at which it is asked again: one request is on its way at a time, however many events come.
 * `input`: null: nothing is asked.
 */
export function useRequest<Name extends RequestName<"page">>(
  name: Name,
  input: RequestInput<Name> | null,
  events: readonly EventName<"page">[] = [],
): Requested<RequestOutput<Name>> {
  const { value, error, isFormer } = useKeptRequest(name, input, events);
  return useMemo(() => (isFormer ? NOTHING : { value, error }), [isFormer, value, error]);
}

/** The same for a list that a person searches, or goes on in: the list before stays until there is another one. */
export function useKeptRequest<Name extends RequestName<"page">>(
  name: Name,
  input: RequestInput<Name> | null,
  events: readonly EventName<"page">[] = [],
): Kept<RequestOutput<Name>> {
  const { bridge } = useShell();
  const key = JSON.stringify(input);
  const watched = events.join(" ");
  const [answer, setAnswer] = useState<{ key: string; requested: Requested<RequestOutput<Name>> }>();
  useEffect(() => {
    if (key === "null") return;
    const asked = { isOver: false, isOnItsWay: false, isStale: false };
    async function ask(): Promise<void> {
      asked.isStale = true;
      if (asked.isOnItsWay) return;
      asked.isOnItsWay = true;
      while (asked.isStale) {
        asked.isStale = false;
        const given = await bridge.request(name, JSON.parse(key) as RequestInput<Name>);
        if (asked.isOver) return;
        setAnswer((before) => ({
          key,
          requested: given.ok
            ? { value: given.value, error: null }
            : { value: before?.key === key ? before.requested.value : null, error: given.error.message },
        }));
      }
      asked.isOnItsWay = false;
    }
    void ask();
    const ends = (watched === "" ? [] : watched.split(" ")).map((event) =>
      bridge.on(event as EventName<"page">, () => void ask()),
    );
    return () => {
      asked.isOver = true;
      for (const end of ends) end();
    };
  }, [bridge, name, key, watched]);
  const isFormer = answer !== undefined && answer.key !== key;
  return {
    value: answer?.requested.value ?? null,
    error: isFormer ? null : (answer?.requested.error ?? null),
    isFormer,
  };
}
