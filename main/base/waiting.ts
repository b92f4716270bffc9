/** One wait for an event: a promise with its listener, its time limit and its cancellation, all of which end together. */

export interface Settle<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
}

export interface WaitOptions<Value> {
  /** Begins to listen; returns what ends that. It may settle at once, where what is waited for is there already. */
  listen: (settle: Settle<Value>) => () => void;
  /** Without it there is no limit. */
  timeoutMs?: number | undefined;
  /** Settles a wait that has taken `timeoutMs`. Without it nothing happens then. */
  onTimeout?: (settle: Settle<Value>) => void;
  /** Its reason is what the wait rejects with when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** Settles once, as `listen` or `onTimeout` say; whatever comes later is ignored, and nothing of the wait is left behind. */
export function waitFor<Value = void>({ listen, timeoutMs, onTimeout, signal }: WaitOptions<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    let stop: (() => void) | null = null;
    let timer: NodeJS.Timeout | undefined;
    const end = (act: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      stop?.();
      act();
    };
    const settle: Settle<Value> = {
      resolve: (value) => end(() => resolve(value)),
      reject: (error) => end(() => reject(error)),
    };
    const aborted = (): void => settle.reject(signal?.reason);
    if (signal?.aborted === true) return aborted();
    signal?.addEventListener("abort", aborted);
    if (timeoutMs !== undefined) timer = setTimeout(() => onTimeout?.(settle), timeoutMs);
    stop = listen(settle);
    if (isSettled) stop();
  });
}
