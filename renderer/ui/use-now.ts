/** The time, renewed while it is shown: what is counted from it does not stand still. */
import { useEffect, useState } from "react";

/** Milliseconds since 1970, at most `everyMs` old. */
export function useNow(everyMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
