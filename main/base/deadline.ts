/** A time limit beside another signal. */

export interface Deadline {
  readonly signal: AbortSignal;
  /** The work is done: the limit and what listens for the other signal are gone. */
  end(): void;
}

/**
 * Aborted with `late()` after `ms`, or as `other` is. Not AbortSignal.any and AbortSignal.timeout: what nobody but a listener
 * knows of is collected as garbage, and never aborted.
 */
export function deadline(ms: number, late: () => unknown, other?: AbortSignal): Deadline {
  const ending = new AbortController();
  const aborted = (): void => ending.abort(other?.reason);
  const timer = setTimeout(() => ending.abort(late()), ms);
  if (other?.aborted === true) aborted();
  else other?.addEventListener("abort", aborted, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    other?.removeEventListener("abort", aborted);
  };
  return { signal: ending.signal, end };
}
